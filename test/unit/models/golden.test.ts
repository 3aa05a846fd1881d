import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../../src/engine/goUtf8.ts';
import { goldenPath } from '../../golden.ts';
import type { ModelFolder } from '../../models/chunkFolder.ts';
import type { Member, Release } from '../../models/member.ts';
import { GoldenTeammate, type Step } from './goldenTeammate.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];
type After = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Answer {
  readonly results: readonly unknown[];
  readonly after: After | 'same';
}
interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly 'v1.14.0': Answer & { readonly after: After };
  readonly 'v1.16.1': Answer | 'same';
}

const RELEASES: readonly Release[] = ['v1.14.0', 'v1.16.1'];
/** Where the run that made the golden data stands in it as a time. */
const RUN_TIME = /^2026-11-2[34][ T]\d\d:\d\d:\d\dZ?$/;
const NOW_MS = Date.parse('2026-11-23T12:00:00Z');

describe.each([
  { file: 'import.json', count: 70 },
  { file: 'export.json', count: 26 },
])('the models answer $file as the programs did', ({ file, count }) => {
  const path = goldenPath('local', file);
  const cases = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly Case[]) : [];
  const runs = cases.flatMap((one) => RELEASES.map((release) => ({ name: one.name, release, one })));
  if (cases.length === 0) console.log(`golden data not found: the models are not checked against ${file}`);
  else console.log(`${cases.length} golden cases of ${file}, each checked against ${RELEASES.length} models`);

  it.skipIf(cases.length === 0)('all of them', () => expect(cases).toHaveLength(count));

  it.each(runs)('$name: $release', async ({ one, release }) => {
    const answer = release === 'v1.14.0' || one[release] === 'same' ? one['v1.14.0'] : one[release];
    const after = answer.after === 'same' ? one['v1.14.0'].after : answer.after;
    const teammate = new GoldenTeammate(release, NOW_MS);
    const results: unknown[] = [];
    for (const step of one.steps) results.push(await teammate.run(step));
    expect(results).toEqual(answer.results);
    const databases = [...teammate.members].filter(([name]) => name !== '');
    for (const [name, member] of databases) expect(timeless(tablesOf(member))).toEqual(timeless(after[`db:${name}`] ?? {}));
    for (const [name, folder] of teammate.folders) {
      if (name !== '') expect(timeless(filesOf(folder))).toEqual(timeless(jsonOf(after[`dir:${name}`] ?? {}, folder)));
    }
  });
});

/** The tables in the form of the golden data; `review_after` and `expires_at` are not modelled. */
function tablesOf({ database }: Member): Record<string, Rows> {
  const chunks = [...database.chunks].map((id) => ({ chunk_id: id, target_key: 'local' }));
  const tables: Record<string, Rows> = {
    memory_relations: [...database.relations.values()].map(({ project: _, ...row }) => columns(row)),
    observations: [...database.observations.values()].sort(byId).map(columns),
    prompt_tombstones: [...database.tombstones.values()].map(columns),
    sessions: [...database.sessions.values()].map(columns),
    sync_chunks: chunks,
    user_prompts: [...database.prompts.values()].sort(byId).map(columns),
  };
  return Object.fromEntries(Object.entries(tables).filter(([, rows]) => rows.length > 0));
}

function byId(a: { readonly id: number | bigint }, b: { readonly id: number | bigint }): number {
  return a.id < b.id ? -1 : 1;
}

function columns(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]));
}

/** Only what the model has inside the folder: chunks that can be read as their JSON, and the manifest. */
function filesOf(folder: ModelFolder): Record<string, string> {
  const inside = [...folder.chunks].filter(([id]) => !id.includes('..'));
  const chunks = inside.map(([id, json]) => [`chunks/${id}.jsonl.gz`, Buffer.from(json).toString('utf8')]);
  return Object.fromEntries([...chunks, ...(folder.manifest === undefined ? [] : [['manifest.json', folder.manifest]])]);
}

function jsonOf(after: Readonly<Record<string, unknown>>, folder: ModelFolder): Record<string, unknown> {
  const found = Object.entries(after).filter(([path]) => !folder.unreadable?.has(path.replace(/^chunks\/(.*)\.jsonl\.gz$/, '$1')));
  return Object.fromEntries(
    found.map(([path, file]) => [path, typeof file === 'object' && file !== null && 'json' in file ? file.json : file]),
  );
}

/** Times of the run, absent against null, hexadecimal for bytes that are no text, 64-bit numbers: one form for both sides. */
function timeless(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return RUN_TIME.test(value) ? '<now>' : value.replaceAll(/"(?:2026-11-2[34]T[\d:]+Z|<now>)"/g, '"<now>"');
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  if ('hex' in value) return decodeUtf8(Buffer.from(String(value.hex), 'hex'));
  const kept = Object.entries(value).filter(([name, member]) => member !== null && member !== undefined && name !== 'normalized_hash');
  return Object.fromEntries(kept.map(([name, member]) => [name, timeless(member)]));
}
