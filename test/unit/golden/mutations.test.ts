import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeChunkSync, encodeChunk } from '../../../src/engine/chunkCodec.ts';
import { cloudTargetKey, filterByPendingMutations, resolveMutationProject } from '../../../src/engine/cloud/pendingFilter.ts';
import { parseGoJson, stringifyGo } from '../../../src/engine/goJson.ts';
import { normalizeProject } from '../../../src/engine/goText.ts';
import {
  buildImportMutations,
  countUpserts,
  effectiveMutations,
  mutationIdentityKey,
  orderMutationsForApply,
  synthesizeMutations,
} from '../../../src/engine/mutationRules.ts';
import { mutationFromJson, mutationToJson } from '../../../src/engine/recordCodec.ts';
import type { ChunkData, JsonObject, SyncMutation } from '../../../src/engine/records.ts';
import { goldenPath } from '../../golden.ts';
import { filterByProject, filterNewData, lastChunkTime, normalizeTime } from '../../models/exportModel.ts';
import type { Release } from '../../models/member.ts';

type Json = Readonly<Record<string, unknown>>;
interface GoldenCase {
  readonly name: string;
  readonly fn: string;
  readonly input: Json;
  readonly output: unknown;
  readonly 'output_v1.16.1'?: unknown;
}

function objectOf(json: unknown): JsonObject {
  const parsed = parseGoJson(JSON.stringify(json));
  if (!(parsed instanceof Map)) throw new Error('no object');
  return parsed;
}
const chunkOf = (json: unknown): ChunkData => decodeChunkSync(Buffer.from(JSON.stringify(json)));
const mutationOf = (json: unknown): SyncMutation => mutationFromJson(objectOf(json));
const mutationsOf = (json: unknown): SyncMutation[] => (Array.isArray(json) ? json.map(mutationOf) : []);
const chunkJson = (chunk: ChunkData): unknown => JSON.parse(Buffer.from(encodeChunk(chunk)).toString());
const listJson = (list: readonly SyncMutation[]): unknown => list.map((one) => JSON.parse(stringifyGo(mutationToJson(one))));
const text = (json: unknown): string => {
  if (typeof json !== 'string') throw new Error('no text');
  return json;
};

/** Each function of the Go package `sync`, as ours or as the model of a teammate's program has it. */
const FUNCTIONS: Readonly<Record<string, (input: Json, release: Release) => unknown>> = {
  synthesizeMutationsFromChunk: ({ chunk }) => listJson(synthesizeMutations(chunkOf(chunk))),
  buildImportMutations: ({ chunk }) => listJson(buildImportMutations(chunkOf(chunk))),
  orderMutationsForApply: ({ mutations }) => listJson(orderMutationsForApply(mutationsOf(mutations))),
  buildAndOrder: ({ chunk }) => listJson(orderMutationsForApply(buildImportMutations(chunkOf(chunk)))),
  effectiveMutationsForImport: ({ chunk }) => listJson(effectiveMutations(buildImportMutations(chunkOf(chunk)))),
  estimateMutationImportResult: ({ chunk }) => {
    const { sessions, observations, prompts } = countUpserts(buildImportMutations(chunkOf(chunk)));
    return { sessions_imported: sessions, observations_imported: observations, prompts_imported: prompts };
  },
  filterByPendingMutations: ({ data, project, mutations }) => {
    const { chunk, seqs } = filterByPendingMutations(chunkOf(data), text(project), mutationsOf(mutations));
    return { chunk: chunkJson(chunk), seqs: seqs.length === 0 ? null : seqs };
  },
  resolveMutationProject: ({ mutation, session_projects }) => {
    return resolveMutationProject(mutationOf(mutation), new Map(Object.entries(session_projects ?? {})));
  },
  cloudTargetKey: ({ project }) => cloudTargetKey(text(project)),
  mutationIdentityKey: ({ mutation }) => mutationIdentityKey(mutationOf(mutation)),
  // What follows only teammates' programs do; ours compares content, not times.
  filterNewData: ({ data, last_chunk_time }, release) => chunkJson(filterNewData(release, chunkOf(data), text(last_chunk_time))),
  filterByProject: ({ data, project }) => chunkJson(filterByProject(chunkOf(data), text(project))),
  lastChunkTime: ({ manifest }) => lastChunkTime(entriesOf(manifest)),
  normalizeTime: ({ time }) => normalizeTime(text(time)),
};

function entriesOf(manifest: unknown): readonly { readonly createdAt: string }[] {
  const { chunks } = manifest as { readonly chunks: readonly { readonly created_at: string }[] | null };
  return (chunks ?? []).map(({ created_at }) => ({ createdAt: created_at }));
}

function read<T>(...parts: readonly string[]): readonly T[] {
  const path = goldenPath('cloud', ...parts);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}

const golden = read<GoldenCase>('mutations.json');
const names = read<{ readonly input: string; readonly normalized: string; readonly warning: string }>('normalize-project.json');
console.log(
  golden.length === 0
    ? 'golden/cloud/mutations.json not found, skipped'
    : `golden/cloud: ${golden.length} cases of mutations.json, ${names.length} of normalize-project.json`,
);

describe.skipIf(golden.length === 0)('golden/cloud/mutations.json', () => {
  it('has 132 cases, of functions that are all known here', () => {
    expect(golden).toHaveLength(132);
    expect([...new Set(golden.map(({ fn }) => fn))].sort()).toEqual(Object.keys(FUNCTIONS).sort());
  });

  it.each(golden.map((one) => [`${one.fn}: ${one.name}`, one] as const))('%s', (_name, one) => {
    expect(FUNCTIONS[one.fn]?.(one.input, 'v1.14.0')).toEqual(one.output);
    expect(FUNCTIONS[one.fn]?.(one.input, 'v1.16.1')).toEqual(one['output_v1.16.1'] ?? one.output);
  });
});

describe.skipIf(names.length === 0)('golden/cloud/normalize-project.json', () => {
  it.each(names.map((one) => [JSON.stringify(one.input), one] as const))('%s', (_name, { input, normalized, warning }) => {
    expect(normalizeProject(input)).toEqual({ normalized, warning });
  });
});
