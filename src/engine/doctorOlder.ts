import { type FolderExam, listedChunks } from './folderExam.ts';
import { groupedBy } from './grouping.ts';
import { chunkItem, counted, findingAbout, type HealthFinding, type HealthFix, type HealthItem } from './health.ts';

/** What stops v1.14 or v1.16.1 at a chunk, for good. Sources: sync.md §5 to §7 and §10, golden `import.json`. */
export function stopFindings(folder: FolderExam): HealthFinding[] {
  return [...refused(folder), ...sessionsNotBefore(folder), ...mutationFaults(folder)];
}

function refused(folder: FolderExam): HealthFinding[] {
  const items = listedChunks(folder).flatMap(({ chunk, exam }) => {
    const [first] = exam.refused;
    return first ? [chunkItem(chunk.id, `${first.path}: ${first.reason}`)] : [];
  });
  const sentence = `${counted(items.length, 'chunk has', 'chunks have')} a value of a type that the Engram program refuses. It stops there and never gets what is listed behind; here only what cannot be used is left out.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'Ask the author to write these memories again with this extension, then take the entry and the file out of .engram.',
  };
  return findingAbout({ code: 'older-refused', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

/** A session that rows of a chunk need and that neither it nor a chunk before it holds. */
export interface LateSession {
  readonly id: string;
  /** Of a row in it, for a placeholder. */
  readonly project: string;
}

/** @returns for each chunk that stops v1.14, in manifest order, the sessions it lacks. */
export function lateSessions(folder: FolderExam): readonly { readonly chunkId: string; readonly sessions: readonly LateSession[] }[] {
  const seen = new Set<string>();
  const late: { chunkId: string; sessions: LateSession[] }[] = [];
  for (const { chunk, exam } of listedChunks(folder)) {
    for (const id of exam.sessions.keys()) seen.add(id);
    const lacking = new Map<string, LateSession>();
    for (const row of exam.rows) {
      if (seen.has(row.sessionId) || lacking.get(row.sessionId)?.project) continue;
      lacking.set(row.sessionId, { id: row.sessionId, project: row.project });
    }
    for (const id of lacking.keys()) seen.add(id);
    if (lacking.size > 0) late.push({ chunkId: chunk.id, sessions: [...lacking.values()] });
  }
  return late;
}

function sessionsNotBefore(folder: FolderExam): HealthFinding[] {
  const late = lateSessions(folder);
  const items = late.map(({ chunkId, sessions }) => chunkItem(chunkId, sessions.map(({ id }) => id || '(no session)').join(', ')));
  const sentence = `${counted(items.length, 'chunk has', 'chunks have')} memories of a session that no chunk before it holds. Engram 1.14 stops there for good and never gets what is listed behind.`;
  const isMendable = late.some(({ sessions }) => sessions.some(({ id }) => id !== ''));
  const fix: HealthFix = isMendable
    ? { kind: 'repair', repair: 'sessions-in-front', text: 'Write a chunk with these sessions and put it in front. No memory changes.' }
    : { kind: 'words', text: 'These memories name no session at all; members with Engram 1.14 have to update.' };
  return findingAbout({ code: 'older-session-not-before', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

function mutationFaults(folder: FolderExam): HealthFinding[] {
  const unreadable: HealthItem[] = [];
  const keys: HealthItem[] = [];
  const twice: HealthItem[] = [];
  for (const { chunk, exam } of listedChunks(folder)) {
    const fault = exam.mutations.find((mutation) => mutation.fault !== undefined);
    if (fault) unreadable.push(chunkItem(chunk.id, fault.fault));
    const other = exam.mutations.find(({ key, entityKey, fault: broken }) => broken === undefined && key !== entityKey);
    if (other) keys.push(chunkItem(chunk.id, other.key));
    const byKey = groupedBy(exam.mutations, ({ entity, key }) => `${entity} ${key}`);
    const repeated = [...byKey].find(([, mutations]) => mutations.length > 1);
    if (repeated) twice.push(chunkItem(chunk.id, repeated[0]));
  }
  return [...unreadableFinding(unreadable), ...keyFinding(keys), ...twiceFinding(twice)];
}

function unreadableFinding(items: readonly HealthItem[]): HealthFinding[] {
  const sentence = `${counted(items.length, 'chunk has', 'chunks have')} a change that Engram 1.16 cannot apply: it stalls at the chunk at every import. Here only that change is left out.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'Ask the author to make the change again with this extension, then take the entry and the file out of .engram.',
  };
  return findingAbout({ code: 'older-mutation-unreadable', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

function keyFinding(items: readonly HealthItem[]): HealthFinding[] {
  const sentence = `${counted(items.length, 'chunk has', 'chunks have')} a change whose key is not the id of its memory. Newer Engram programs refuse it; here it is applied.`;
  const fix: HealthFix = { kind: 'words', text: 'Change the memory once more with this extension and sync: that writes the change anew.' };
  return findingAbout({ code: 'older-mutation-key', severity: 'warning', sentence, subject: 'chunks', fix }, items);
}

function twiceFinding(items: readonly HealthItem[]): HealthFinding[] {
  const sentence = `${counted(items.length, 'chunk changes', 'chunks change')} one memory more than once. Engram 1.16 applies deletions last, so a memory that was deleted and came back ends deleted there.`;
  const fix: HealthFix = { kind: 'words', text: 'If it should live, change it once more with this extension and sync.' };
  return findingAbout({ code: 'older-mutation-twice', severity: 'warning', sentence, subject: 'chunks', fix }, items);
}
