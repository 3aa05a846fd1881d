import type { ExaminedRow } from './examineChunk.ts';
import { type FolderExam, listedChunks } from './folderExam.ts';
import { groupedBy } from './grouping.ts';
import { counted, findingAbout, type HealthFinding, type HealthFix, type HealthItem } from './health.ts';

/** What older programs repeat, collapse or double, and what was shared although it may not have been meant to be. */
export function rowFindings(folder: FolderExam): HealthFinding[] {
  return [...softDeletes(folder), ...withoutId(folder), ...inArraysTwice(folder), ...personal(folder)];
}

/**
 * Memories whose last word is a soft delete of a row that is there: v1.16.1 stamps it with the time of the import and exports it again, so
 * two such members exchange a chunk at every sync, for ever (sync.md F10). A hard delete ends it, an edit as well.
 *
 * @returns identities, in the order of the chunks
 */
export function softDeleteLoops(folder: FolderExam): string[] {
  const states = new Map<string, 'live' | 'looping' | 'gone'>();
  const soften = (key: string): void => {
    if (states.get(key) === 'live') states.set(key, 'looping');
  };
  for (const { exam } of listedChunks(folder)) {
    const rows = exam.rows.filter((row) => row.entity === 'observation');
    const changes = exam.mutations.filter((mutation) => mutation.entity === 'observation' && mutation.fault === undefined);
    for (const row of rows) if (!row.isDeleted) states.set(row.key, 'live');
    for (const { key, op } of changes) if (op === 'upsert') states.set(key, 'live');
    for (const row of rows) if (row.isDeleted) soften(row.key);
    for (const { key, op } of changes) {
      if (op === 'soft-delete') soften(key);
      else if (op === 'hard-delete') states.set(key, 'gone');
    }
  }
  return [...states].filter(([, state]) => state === 'looping').map(([key]) => key);
}

function softDeletes(folder: FolderExam): HealthFinding[] {
  const items = softDeleteLoops(folder).map((key): HealthItem => ({ kind: 'memory', id: key, text: '' }));
  const sentence = `${counted(items.length, 'deleted memory is', 'deleted memories are')} only marked as deleted in the chunks. Members with Engram 1.16 write each of them into a new chunk at every sync, for ever.`;
  const fix: HealthFix = {
    kind: 'repair',
    repair: 'hard-deletes',
    text: 'Write one chunk that deletes them for good. They stay deleted here.',
  };
  return findingAbout({ code: 'older-soft-delete', severity: 'warning', sentence, subject: 'chunks', fix }, items);
}

function allRows(folder: FolderExam): { readonly chunkId: string; readonly row: ExaminedRow }[] {
  return listedChunks(folder).flatMap(({ chunk, exam }) => exam.rows.map((row) => ({ chunkId: chunk.id, row })));
}

function withoutId(folder: FolderExam): HealthFinding[] {
  const rows = allRows(folder).filter(({ row }) => !row.hasSyncId);
  if (new Set(rows.map(({ row }) => row.key)).size < 2) return [];
  const sentence = `${rows.length} memories have no id of their own. All of them are kept here; Engram 1.16 keeps one of them, and Engram 1.14 gives each a new id on every machine, so what is exported of them there comes back as another memory.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'Nothing can be done for older programs. Members who need these memories should use this extension.',
  };
  return findingAbout({ code: 'older-no-sync-id', severity: 'warning', sentence, subject: 'chunks', fix }, rows.map(itemOf));
}

function inArraysTwice(folder: FolderExam): HealthFinding[] {
  const byKey = groupedBy(
    allRows(folder).filter(({ row }) => row.hasSyncId),
    ({ row }) => `${row.entity} ${row.key}`,
  );
  const repeated = [...byKey.values()].filter((rows) => new Set(rows.map(({ chunkId }) => chunkId)).size > 1);
  const items = repeated.flatMap(([first]) => (first ? [itemOf(first)] : []));
  const sentence = `${counted(items.length, 'memory stands', 'memories stand')} in full in more than one chunk, as newer Engram programs write an edit. Here they are one; Engram 1.14 shows each as a memory of its own.`;
  const fix: HealthFix = { kind: 'words', text: 'Nothing is lost. Members with Engram 1.14 see doubles until they update.' };
  return findingAbout({ code: 'older-in-arrays-twice', severity: 'info', sentence, subject: 'chunks', fix }, items);
}

function personal(folder: FolderExam): HealthFinding[] {
  const shared = new Map<string, HealthItem>();
  for (const { exam } of folder.chunks) {
    for (const row of exam?.rows ?? []) if (row.isPersonal && !row.isDeleted) shared.set(row.key, itemOf({ row }));
  }
  const items = [...shared.values()];
  const sentence = `${counted(items.length, 'memory of scope “personal” is', 'memories of scope “personal” are')} in the chunks, so whoever has the repository can read ${items.length === 1 ? 'it' : 'them'}. The Engram program does not look at the scope when it exports.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'If that was not meant: delete the memory here and sync. Git keeps the old chunk; only rewriting the history takes it out.',
  };
  return findingAbout({ code: 'personal-committed', severity: 'warning', sentence, subject: 'chunks', fix }, items);
}

function itemOf({ row }: { readonly row: ExaminedRow }): HealthItem {
  return { kind: row.entity === 'observation' ? 'memory' : 'prompt', id: row.key, text: row.title };
}
