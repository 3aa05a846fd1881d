import { createHash } from 'node:crypto';
import type { Outcome } from '../../support/goldenCase.ts';
import type { Difference, Expected } from '../../support/goldenExpected.ts';
import type { GoldenTable } from '../../support/goldenTable.ts';

const EXPORT_REASONS = {
  clock: 'what is new is a question of content: no time of a manifest entry keeps a row at home',
  'second folder': 'what another folder holds says nothing about this one',
  'self-contained': 'a chunk brings the sessions of its rows along, whoever has them already',
  edit: 'an edit of a shared row is a mutation: in an array again it would be a second row for v1.14.0',
  delete: 'a delete of a shared row is a mutation',
  'unknown keys': 'a newer program must find again what it wrote',
  conflict: 'nothing is written beside a manifest with conflict markers, and the error says that it is one',
  'known rows': 'what a chunk of the folder holds is not exported again',
} as const;

type Reason = keyof typeof EXPORT_REASONS;

interface Entry {
  readonly created_at: string;
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
}

/** Session and first observation of the cases, as a chunk has them. */
const SESSION = '{"id":"s1","project":"demo","directory":"/home/alice/demo","started_at":"2025-01-02 03:04:05"}';
const NEW_SESSION = SESSION.replace('s1', 's2').replace('2025-01-02 03:04:05', '2090-01-01 00:00:00');
const FIRST = observation(1);
const EDITED = FIRST.replace('Content 1', 'edited')
  .replace('"revision_count":1', '"revision_count":2')
  .replace('"updated_at":"2025-01-02 03:11:00"', '"updated_at":"2090-01-01 00:00:00"');
const FIRST_CHUNK = chunk(SESSION, FIRST);
const FIRST_ENTRY: Entry = { created_at: '2025-01-02T03:11:00Z', sessions: 1, memories: 1, prompts: 0 };

function observation(number: number): string {
  const time = `2025-01-02 03:${10 + number}:00`;
  return `{"id":${number},"sync_id":"obs-000000000000000${number}","session_id":"s1","type":"decision","title":"Title ${number}","content":"Content ${number}","project":"demo","scope":"project","revision_count":1,"duplicate_count":1,"created_at":"${time}","updated_at":"${time}"}`;
}

function chunk(sessions: string, observations: string, prompts = ''): string {
  const list = (records: string): string => (records === '' ? 'null' : `[${records}]`);
  return `{"sessions":${list(sessions)},"observations":${list(observations)},"prompts":${list(prompts)}}`;
}

function withMutation(json: string, op: string, payload: string): string {
  const mutation = `{"seq":0,"target_key":"","entity":"observation","entity_key":"obs-0000000000000001","op":"${op}","payload":${JSON.stringify(payload)},"source":"","project":"demo","occurred_at":"2090-01-01 00:00:00"}`;
  return `${json.slice(0, -1)},"mutations":[${mutation}]}`;
}

const idOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 8);

/** The chunk that ours writes where the Go program wrote another one, or none: file, entry, record and result. */
function writes(expected: Expected, of: { step: number; json: string; entry: Entry; mutations?: number; folder?: string }): Expected {
  const { step, json, entry, mutations = 0, folder = 'x' } = of;
  const id = idOf(json);
  const manifest = JSON.parse(expected.outcome.folders[folder]?.['manifest.json'] ?? '{"version":2,"chunks":[]}');
  manifest.version = 2;
  const { created_at, ...counts } = entry;
  manifest.chunks.push({ id, created_by: 'alice', created_at, ...counts });
  const ok = {
    chunk_id: id,
    sessions_exported: entry.sessions,
    observations_exported: entry.memories,
    prompts_exported: entry.prompts,
    mutations_exported: mutations,
    is_empty: false,
  };
  return expected
    .file(`chunks/${id}.jsonl.gz`, json, folder)
    .file('manifest.json', JSON.stringify(manifest, undefined, 2), folder)
    .result(step, { ok });
}

/** Takes back the last chunk that the Go program wrote. */
function without(expected: Expected, id: string): Expected {
  const manifest = JSON.parse(expected.outcome.folders['x']?.['manifest.json'] ?? '');
  manifest.chunks.pop();
  return expected
    .file(`chunks/${id}.jsonl.gz`, undefined)
    .remove('sync_chunks', { chunk_id: id })
    .file('manifest.json', JSON.stringify(manifest, undefined, 2));
}

/** What ours does instead of the Go programs, case by case; every other case is answered as they answer it. */
const EXPORT_DIFFERENCES: Readonly<Record<string, Difference<Reason>>> = {
  'row-older-than-newest-entry-is-lost': {
    reason: 'clock',
    change: (expected) => writes(expected.chunk(idOf(FIRST_CHUNK)), { step: 2, json: FIRST_CHUNK, entry: FIRST_ENTRY }),
  },
  'equal-second-is-lost': {
    reason: 'clock',
    change: (expected) => {
      const json = chunk(SESSION.replace('03:04:05', '03:11:00'), `${FIRST},${observation(2)}`);
      const entry = { created_at: '2025-01-02T03:12:00Z', sessions: 1, memories: 2, prompts: 0 };
      return writes(without(expected, '31835cf5').chunk(idOf(json)), { step: 2, json, entry });
    },
  },
  'garbage-entry-time': {
    reason: 'clock',
    change: (expected) => {
      const json = chunk(SESSION, FIRST.replace('"created_at":"2025-01-02 03:11:00"', '"created_at":"2090-01-01 00:00:00"'));
      // The row says it comes from the future; the session's start is the newest time that can be.
      const entry = { ...FIRST_ENTRY, created_at: '2025-01-02T03:04:05Z' };
      return writes(expected.chunk(idOf(json)), { step: 2, json, entry });
    },
  },
  'second-folder-stays-empty': {
    reason: 'second folder',
    change: (expected) => writes(expected, { step: 2, json: FIRST_CHUNK, entry: FIRST_ENTRY, folder: 'y' }),
  },
  'second-export-newer-rows': {
    reason: 'self-contained',
    change: (expected) => {
      const golden = expected.outcome.folders['x']?.['chunks/15d426fa.jsonl.gz'] ?? '';
      const json = golden.replace(`[${NEW_SESSION}]`, `[${SESSION},${NEW_SESSION}]`);
      const entry = { created_at: '2025-01-02T03:04:05Z', sessions: 2, memories: 1, prompts: 1 };
      return writes(without(expected, '15d426fa').chunk(idOf(json)), { step: 3, json, entry });
    },
  },
  'edit-after-export': {
    reason: 'edit',
    change: (expected) => {
      const json = withMutation(chunk(SESSION, ''), 'upsert', EDITED.replace('{"id":1,', '{'));
      const entry = { created_at: '2025-01-02T03:04:05Z', sessions: 1, memories: 0, prompts: 0 };
      return writes(expected.chunk(idOf(json)), { step: 3, json, entry, mutations: 1 });
    },
  },
  'soft-delete-after-export': {
    reason: 'delete',
    change: (expected) => {
      const payload =
        '{"sync_id":"obs-0000000000000001","session_id":"s1","type":"","title":"","content":"","project":"demo","scope":"","revision_count":0,"duplicate_count":0,"deleted":true,"deleted_at":"2090-01-01 00:00:00","hard_delete":true,"x_soft":true}';
      const json = withMutation(chunk('', ''), 'delete', payload);
      const entry = { ...FIRST_ENTRY, sessions: 0, memories: 0 };
      return writes(expected.chunk(idOf(json)), { step: 3, json, entry, mutations: 1 });
    },
  },
  'manifest-version-2': {
    reason: 'unknown keys',
    change: (expected) => {
      const manifest = expected.outcome.folders['x']?.['manifest.json'] ?? '';
      const withKeys = manifest
        .replace('"prompts": 0\n', '"prompts": 0,\n      "sha256": "ff"\n')
        .replace('\n  ]\n}', '\n  ],\n  "engine": "x"\n}');
      return expected.file('manifest.json', withKeys);
    },
  },
  'manifest-conflict': { reason: 'conflict', change: (expected) => expected.result(2, { error: 'manifest-conflict' }) },
  'reexport-after-import': {
    reason: 'known rows',
    change: (expected) => {
      without(expected, '2d388d73').result(2, { ok: { observations_exported: 0, is_empty: true, chunk_id: undefined } });
      // Nothing was written, so the manifest is as it was put.
      const manifest = expected.outcome.folders['x']?.['manifest.json'] ?? '';
      return expected.file('manifest.json', manifest.replace('"version": 2', '"version": 1'));
    },
  },
};

/**
 * The answer of the Go program with what ours writes into every manifest: version 2, and as the time of an entry the newest time of its rows
 * that can be, where the Go program writes the time of its run.
 */
function withOurManifest(outcome: Outcome): Outcome {
  const folders = Object.entries(outcome.folders).map(([name, files]) => {
    const manifest = files['manifest.json'];
    if (!manifest?.includes('<now>')) return [name, files] as const;
    const ours = manifest
      .replace(/"version": \d+/, '"version": 2')
      .replace(
        /("id": "(\w+)",\n.*\n\s+"created_at": )"<now>"/g,
        (_all, start: string, id: string) => `${start}"${timeOf(files[`chunks/${id}.jsonl.gz`])}"`,
      );
    return [name, { ...files, 'manifest.json': ours }] as const;
  });
  return { ...outcome, folders: Object.fromEntries(folders) };
}

function timeOf(json = '{}'): string {
  const { sessions, observations, prompts } = JSON.parse(json);
  const texts = [...(observations ?? []), ...(prompts ?? [])]
    .map((row) => String(row.created_at))
    .concat((sessions ?? []).map((row: { started_at: string }) => row.started_at));
  const times = texts
    .map((text) => Date.parse(text.includes('T') ? text : `${text.replace(' ', 'T')}Z`))
    .filter((time) => time <= Date.now());
  return times.length === 0 ? '(none)' : `${new Date(Math.max(...times)).toISOString().slice(0, 19)}Z`;
}

export const EXPORT_TABLE: GoldenTable<keyof typeof EXPORT_REASONS> = {
  file: 'export.json',
  reasons: EXPORT_REASONS,
  differences: EXPORT_DIFFERENCES,
  asOurs: withOurManifest,
};
