import type { Row, Tables } from '../../support/goldenCase.ts';
import type { Difference, Expected, RowsOf } from '../../support/goldenExpected.ts';
import type { GoldenTable } from '../../support/goldenTable.ts';

const IMPORT_REASONS = {
  'bad chunk': 'one chunk or record that cannot be used stops the Go programs; here the others are imported and it is told',
  altered: 'a chunk whose content does not match its name waits for a person',
  refused: 'a document that is no chunk is told, not taken for an empty one',
  unlisted: 'a chunk that stands in the folder and not in the manifest is imported: a merge may have dropped its entry',
  'hostile id': 'an id can only ever be a plain file name',
  'missing session': 'a row whose session nobody has stops v1.14.0; v1.16.1 counts the placeholder it makes as a session',
  sessions: 'a session is merged field by field, and an empty field never overwrites one that is known',
  duplicate: 'one sync_id is one row, and its newest version wins',
  edits: 'edits and deletes of mutations are applied, keep their own time, and are counted as what they are',
  tombstone: 'what was deleted does not come back, and the deletion keeps its time',
  relation: 'relations are stored, wherever in the chunk their ends stand, and are counted as such',
  'derived id': 'a row without sync_id gets one that is the same on every machine; empty fields of a session mean unknown',
} as const;

type Reason = keyof typeof IMPORT_REASONS;

const OBS_1 = { sync_id: 'obs-0000000000000001' };
const OBS_2 = { sync_id: 'obs-0000000000000002' };
const DELETED = '2025-02-01 00:00:00';
const HASH = {
  empty: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'Content 1': 'd1988cd3019824f075f61677e1a6f54b16035868488e4051757dde53adeef80f',
  edited: '1fb9f4097256db2d7b1e13aff79cee44339891a31c556b9cf6093885773b3618',
} as const;

/** The counters of an import, those that are not 0. */
interface Counts {
  readonly chunks?: number;
  readonly sessions?: number;
  readonly observations?: number;
  readonly prompts?: number;
  readonly relations?: number;
  readonly edits?: number;
  readonly deletes?: number;
  readonly problems?: readonly string[];
}

function counts({ chunks = 0, sessions = 0, observations = 0, prompts = 0, ...more }: Counts): { readonly ok: object } {
  return {
    ok: { chunks_imported: chunks, sessions_imported: sessions, observations_imported: observations, prompts_imported: prompts, ...more },
  };
}

/** The chunk in front of the good one stays out: rows as where it is empty, which the Go programs import. */
function onlyTheGoodOne(reason: Reason, problem: 'chunk-corrupt' | 'chunk-altered'): Difference<Reason> {
  return {
    reason,
    change: (expected, rowsOf) =>
      withoutFirst(expected, rowsOf)
        .result(3, counts({ chunks: 1, sessions: 1, observations: 1, problems: [`${problem} aaaaaaaa`] }))
        .result(4, { ok: { local: 1, remote: 2, pending: 1 } }),
  };
}

function withoutFirst(expected: Expected, rowsOf: RowsOf): Expected {
  return expected.rows(rowsOf('file-null-document')).remove('sync_chunks', { chunk_id: 'aaaaaaaa' });
}

/** A row number that is none costs nothing: the record arrives, and so does the chunk behind it. */
function withoutRowNumber(chunk: string, syncId: string, title: string): Difference<Reason> {
  const blank = { ...BLANK_OBSERVATION, id: 1, sync_id: syncId, title };
  return {
    reason: 'bad chunk',
    change: (expected, rowsOf) =>
      expected
        .rows(rowsOf('plain'))
        .set('observations', OBS_2, { id: 3 })
        .set('observations', OBS_1, { id: 2 })
        .add('observations', blank)
        .chunk(chunk)
        .result(2, counts({ chunks: 2, sessions: 1, observations: 3, prompts: 1 })),
  };
}

const BLANK_OBSERVATION: Row = {
  content: '',
  created_at: '',
  deleted_at: null,
  duplicate_count: 1,
  expires_at: null,
  last_seen_at: null,
  normalized_hash: HASH.empty,
  project: null,
  review_after: null,
  revision_count: 1,
  scope: 'project',
  session_id: 's1',
  tool_name: null,
  topic_key: null,
  type: '',
  updated_at: '',
};

const SESSION: Row = { ended_at: null, project: 'demo', started_at: '2025-01-02 03:04:05', summary: null };

/** No row of the one chunk arrives. */
const nothing = (reason: Reason, tables: readonly string[], problems?: readonly string[]): Difference<Reason> => ({
  reason,
  change: (expected) => {
    for (const table of tables) expected.remove(table);
    return expected.result(1, counts({ ...(problems && { problems }) }));
  },
});

const PLAIN_TABLES = ['observations', 'sessions', 'sync_chunks', 'user_prompts'];

/** The rows of v1.16.1, which counts every mutation that it applies; here what a chunk changed is counted. */
const newerCounts = (reason: Reason, step: number, of: Counts): Difference<Reason> => ({
  reason,
  release: 'v1.16.1',
  change: (expected) => expected.result(step, counts(of)),
});

/** v1.16.1 hides or removes the row; here it stays, hidden, with its own time and that of the deletion. */
const HIDDEN: Difference<Reason> = {
  reason: 'edits',
  change: (expected) =>
    expected.set('observations', OBS_1, { deleted_at: DELETED }).result(2, counts({ chunks: 2, sessions: 1, observations: 1, deletes: 1 })),
};

/** The relation of v1.16.1, both rows of v1.14.0, one of them hidden. */
const RELATION_OF_HIDDEN: Difference<Reason> = {
  reason: 'relation',
  change: (expected, rowsOf) =>
    addTable(expected, 'memory_relations', rowsOf('mutations-relation', 'v1.16.1'))
      .set('observations', OBS_2, { deleted_at: DELETED })
      .result(2, counts({ chunks: 2, sessions: 1, observations: 2, deletes: 1, relations: 1 })),
};

/** What ours does instead of the Go programs, case by case; every other case is answered as they answer it. */
const IMPORT_DIFFERENCES: Readonly<Record<string, Difference<Reason>>> = {
  'type-fractional-id': withoutRowNumber('bccc6ddb', 'obs-derived-3f56681f9fd98239003ba34246102467', 't'),
  'type-big-exponent': withoutRowNumber('804362af', 'obs-derived-3f56681f9fd98239003ba34246102467', 't'),
  'type-number-as-string': withoutRowNumber('64aeb942', 'obs-derived-0dfafe89e0d58b75228d9616d09768ca', ''),
  'type-sessions-is-object': {
    reason: 'bad chunk',
    change: (expected, rowsOf) =>
      expected
        .rows(rowsOf('plain'))
        .result(2, counts({ chunks: 1, sessions: 1, observations: 2, prompts: 1, problems: ['chunk-corrupt 1988934d'] })),
  },
  'file-empty-file': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-not-gzip': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-truncated-gzip': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-bad-crc': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-lfs-pointer': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-trailing-garbage-after-gzip': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-plain-json-uncompressed': onlyTheGoodOne('bad chunk', 'chunk-corrupt'),
  'file-not-json': onlyTheGoodOne('bad chunk', 'chunk-altered'),
  'file-two-documents': onlyTheGoodOne('bad chunk', 'chunk-altered'),
  'file-bom': onlyTheGoodOne('bad chunk', 'chunk-altered'),
  'file-array-root': onlyTheGoodOne('bad chunk', 'chunk-altered'),
  'file-bare-record': onlyTheGoodOne('refused', 'chunk-altered'),
  'file-two-gzip-members': onlyTheGoodOne('altered', 'chunk-altered'),
  'file-trailing-newline': onlyTheGoodOne('altered', 'chunk-altered'),
  'file-latin1': onlyTheGoodOne('altered', 'chunk-altered'),
  'file-null-document': onlyTheGoodOne('altered', 'chunk-altered'),
  'file-empty-object': onlyTheGoodOne('altered', 'chunk-altered'),
  'hash-mismatch': nothing('altered', PLAIN_TABLES, ['chunk-altered deadbeef']),
  'id-uppercase': nothing('altered', PLAIN_TABLES, ['chunk-altered ABCDEF01']),
  'id-empty': nothing('hostile id', PLAIN_TABLES),
  'id-dot': nothing('hostile id', PLAIN_TABLES),
  'hostile-id': {
    reason: 'hostile id',
    change: (expected, rowsOf) => withoutFirst(expected, rowsOf).result(2, counts({ chunks: 1, sessions: 1, observations: 1 })),
  },
  'unlisted-file': {
    reason: 'unlisted',
    change: (expected, rowsOf) =>
      addAll(expected, rowsOf('plain'), 1).result(2, counts({ chunks: 2, sessions: 2, observations: 3, prompts: 1 })),
  },
  'missing-session': newerCounts('missing session', 2, { chunks: 2, sessions: 1, observations: 2 }),
  'type-null-in-string-field': newerCounts('sessions', 2, { chunks: 2, sessions: 1, observations: 2, prompts: 1, edits: 1 }),
  'same-session-different-data': {
    reason: 'sessions',
    release: 'v1.16.1',
    change: (expected) =>
      expected.set('sessions', { id: 's1' }, { directory: '/home/bob/demo' }).result(3, counts({ chunks: 3, sessions: 1, edits: 2 })),
  },
  'same-sync-id-newer-second': newerCounts('duplicate', 2, { chunks: 2, sessions: 1, observations: 1, edits: 1 }),
  'same-sync-id-older-second': {
    reason: 'duplicate',
    change: (expected) => expected.remove('observations', { id: 2 }).result(2, counts({ chunks: 2, sessions: 1, observations: 1 })),
  },
  'missing-fields': {
    reason: 'derived id',
    change: (expected) =>
      expected
        .set('observations', { id: 1 }, { sync_id: 'obs-derived-5cdf8220b44e4f9f12b56b5a9588dbe7' })
        .set('user_prompts', { id: 1 }, { sync_id: 'prompt-derived-be855856dd74a6ee8f60bb25bd081ada' })
        .set('sessions', { id: 's1' }, { directory: '(recovered-missing-session)', started_at: '1970-01-01 00:00:00' }),
  },
  'empty-sync-id': {
    reason: 'derived id',
    change: (expected) =>
      expected
        .set('observations', { id: 1 }, { sync_id: 'obs-derived-ec78449f9b0b975a32c7960377ce205c' })
        .set('observations', { id: 2 }, { sync_id: 'obs-derived-0b19ea4f819cc63fd9a94fec27832fbe' })
        .set('user_prompts', { id: 1 }, { sync_id: 'prompt-derived-70c98d64427090d392a54edf9610481f' }),
  },
  'soft-deleted-in-array': {
    reason: 'tombstone',
    change: (expected) =>
      expected
        .remove('observations', { id: 2 })
        .set('observations', { id: 1 }, { deleted_at: DELETED, normalized_hash: HASH['Content 1'] })
        .result(2, counts({ chunks: 1, deletes: 1 })),
  },
  'prompt-tombstone': {
    reason: 'tombstone',
    change: (expected) => expected.remove('user_prompts').result(2, counts({ chunks: 1 })),
  },
  'mutations-relation-deleted-endpoint': {
    reason: 'tombstone',
    change: (expected) =>
      expected
        .remove('observations', OBS_2)
        .set('observations', { id: 3 }, { id: 2 })
        .result(2, counts({ chunks: 2, sessions: 2, observations: 2 })),
  },
  'mutations-upsert': newerCounts('edits', 2, { chunks: 2, sessions: 1, observations: 1, edits: 1 }),
  'mutations-session-end': newerCounts('edits', 2, { chunks: 2, sessions: 1, observations: 1, edits: 1 }),
  'new-rows-and-mutations': newerCounts('edits', 2, { chunks: 2, sessions: 2, observations: 2, edits: 1 }),
  'new-session-alone-with-session-mutation': newerCounts('edits', 2, { chunks: 2, sessions: 2, observations: 1, edits: 1 }),
  'new-session-alone-and-mutations': {
    reason: 'edits',
    change: (expected) =>
      expected
        .set('observations', OBS_1, { content: 'edited', normalized_hash: HASH.edited, revision_count: 2, updated_at: DELETED })
        .result(2, counts({ chunks: 2, sessions: 2, observations: 1, edits: 1 })),
  },
  'mutations-soft-delete': HIDDEN,
  'mutations-hard-delete': HIDDEN,
  'mutations-prompt-delete': {
    reason: 'edits',
    change: (expected) =>
      expected
        .remove('user_prompts')
        .add('prompt_tombstones', { deleted_at: DELETED, project: '', session_id: 's1', sync_id: 'prompt-0000000000000001' })
        .result(2, counts({ chunks: 2, sessions: 1, prompts: 1, deletes: 1 })),
  },
  'mutations-delete-then-upsert': {
    reason: 'edits',
    release: 'v1.16.1',
    change: (expected) =>
      expected
        .set('observations', OBS_1, { deleted_at: null, updated_at: '2025-02-02 00:00:00' })
        .result(2, counts({ chunks: 2, sessions: 1, observations: 1, edits: 1 })),
  },
  'mutations-payload-object': {
    reason: 'bad chunk',
    change: (expected, rowsOf) =>
      withoutFirst(expected, rowsOf)
        .chunk('dac0999e')
        .remove('sessions')
        .add('sessions', { ...SESSION, directory: '/d', id: 's1' })
        .add('sessions', { ...SESSION, directory: '/home/bob/demo', id: 's9' })
        .result(2, counts({ chunks: 2, sessions: 2, observations: 1 })),
  },
  'mutations-relation': newerCounts('relation', 1, { chunks: 1, sessions: 1, observations: 2, relations: 1 }),
  'mutations-relation-before-observation': {
    reason: 'relation',
    change: (expected, rowsOf) =>
      expected
        .rows(rowsOf('mutations-relation', 'v1.16.1'))
        .remove('sync_chunks')
        .chunk('d7a46951')
        .result(1, counts({ chunks: 1, sessions: 1, observations: 2, relations: 1 })),
  },
  'mutations-relation-endpoint-deleted-before': RELATION_OF_HIDDEN,
  'mutations-relation-endpoint-hard-deleted': RELATION_OF_HIDDEN,
};

function addTable(expected: Expected, table: string, from: ReturnType<RowsOf>): Expected {
  for (const row of from[table] ?? []) expected.add(table, row);
  return expected;
}

/** All rows of another case behind those that are there, numbered on. */
function addAll(expected: Expected, from: Tables, numbered: number): Expected {
  for (const [table, rows] of Object.entries(from)) {
    for (const row of rows) expected.add(table, table === 'observations' ? { ...row, id: Number(row['id']) + numbered } : row);
  }
  return expected;
}

export const IMPORT_TABLE: GoldenTable<keyof typeof IMPORT_REASONS> = {
  file: 'import.json',
  reasons: IMPORT_REASONS,
  differences: IMPORT_DIFFERENCES,
  asNewer: ['session-in-later-chunk', 'same-sync-id-twice-in-chunk'],
};
