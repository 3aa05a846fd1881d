import type { DatabaseKind, FolderProblem, FolderState } from './folderState.ts';
import { counted, findingAbout, type HealthFinding, type HealthFix, type HealthItem } from './health.ts';
import type { RelationRecord } from './records.ts';

/** A row of the memories that something is said about. Hostile text. */
export interface FactRow {
  readonly kind: 'memory' | 'prompt';
  readonly id: string;
  readonly text: string;
  readonly sessionId: string;
  readonly project: string;
  readonly copies: number;
}

/** What a look into the memory database found. */
export interface DatabaseFacts {
  /** Lines of SQLite's `integrity_check`; `[]` for a sound file. */
  readonly damage: readonly string[];
  /** Their session is in no row. Hidden rows are among them. */
  readonly withoutSession: readonly FactRow[];
  readonly inPlaceholder: readonly FactRow[];
  /** Several rows of one `sync_id`. */
  readonly twice: readonly FactRow[];
  readonly sameContent: readonly FactRow[];
  /** Broken foreign keys of other tables. */
  readonly brokenReferences: number;
}

/**
 * Rows in the database that dangle, wait, or stand there twice.
 *
 * @param isOthers it is not the folder's own, and has more in it than the chunks can give back
 */
export function databaseFindings(facts: DatabaseFacts, deferred: readonly RelationRecord[], isOthers: boolean): HealthFinding[] {
  return [...damaged(facts, isOthers), ...dangling(facts), ...doubles(facts, isOthers), ...deferredFinding(deferred)];
}

function damaged({ damage, brokenReferences }: DatabaseFacts, isOthers: boolean): HealthFinding[] {
  const items = damage.map((line): HealthItem => ({ kind: 'file', id: 'engram.db', text: line }));
  const fix: HealthFix = {
    kind: 'words',
    text: isOthers
      ? 'Sync, so that what is new of this project is in a chunk; then stop the programs that use the database, and restore a copy of it.'
      : 'Sync, so that what is new is in a chunk; then move engram.db away and sync again: it is built anew from the chunks.',
  };
  const sentence = 'SQLite finds damage inside engram.db. The chunks are safe.';
  const found = findingAbout({ code: 'database-damaged', severity: 'error', sentence, subject: 'engram.db', fix }, items);
  if (brokenReferences === 0) return found;
  const leave: HealthFix = {
    kind: 'words',
    text: 'Nothing has to be done. The Engram program mends its own journal when it opens the database.',
  };
  const broken = `${counted(brokenReferences, 'row of', 'rows of')} the relations or of the cloud’s journal ${brokenReferences === 1 ? 'refers' : 'refer'} to something that is gone. Nothing here reads through it.`;
  return [...found, { code: 'reference-broken', severity: 'info', sentence: broken, subject: 'engram.db', items: [], more: 0, fix: leave }];
}

function dangling({ withoutSession, inPlaceholder }: DatabaseFacts): HealthFinding[] {
  const lost = `${counted(withoutSession.length, 'row names', 'rows name')} a session that this database does not have. They are shown here; in a chunk they would stop Engram 1.14.`;
  const fix: HealthFix = {
    kind: 'repair',
    repair: 'placeholder-sessions',
    text: 'Make the sessions in the database, with nothing but their ids.',
  };
  const askForSession: HealthFix = {
    kind: 'words',
    text: 'Nothing is lost. Whoever saved them can share the session by syncing with this extension.',
  };
  const unknown = `${counted(inPlaceholder.length, 'memory is', 'memories are')} in a session of which nothing but the id is known: nobody has shared the session itself.`;
  return [
    ...findingAbout(
      { code: 'row-without-session', severity: 'error', sentence: lost, subject: 'engram.db', fix },
      withoutSession.map(itemOf),
    ),
    ...findingAbout(
      { code: 'row-in-placeholder', severity: 'info', sentence: unknown, subject: 'engram.db', fix: askForSession },
      inPlaceholder.map(itemOf),
    ),
  ];
}

function doubles({ twice, sameContent }: DatabaseFacts, isOthers: boolean): HealthFinding[] {
  const rows = `${counted(twice.length, 'memory stands', 'memories stand')} in the database more than once under one id, as Engram 1.14 imports an edit. The newest row counts here.`;
  const memories = `${counted(sameContent.length, 'text was', 'texts were')} saved more than once, each time as a memory of its own.`;
  // Deleting one of several rows of one id would delete the memory for the team.
  const anew: HealthFix = {
    kind: 'words',
    text: isOthers
      ? 'Nothing is lost. A sync takes away what stands twice and is alike in everything; the rest may stay.'
      : 'Nothing is lost. A database that is built anew has it once: sync, move engram.db away, and sync again.',
  };
  const fix: HealthFix = {
    kind: 'words',
    text: 'Delete what is too much (“Engram: Delete Memory”); the next sync deletes it for the team.',
  };
  return [
    ...findingAbout({ code: 'row-twice', severity: 'warning', sentence: rows, subject: 'engram.db', fix: anew }, twice.map(itemOf)),
    ...findingAbout({ code: 'same-content', severity: 'info', sentence: memories, subject: 'engram.db', fix }, sameContent.map(itemOf)),
  ];
}

function deferredFinding(deferred: readonly RelationRecord[]): HealthFinding[] {
  const items = deferred.map((record): HealthItem => ({ kind: 'relation', id: record.syncId, text: record.relation }));
  const fix: HealthFix = { kind: 'words', text: 'Import what waits, or ask the author of the relation to share the memory as well.' };
  const sentence = `${counted(items.length, 'relation waits', 'relations wait')} for a memory that is not here yet. It is tried again at every import.`;
  return findingAbout({ code: 'relation-deferred', severity: 'info', sentence, subject: 'engram.db', fix }, items);
}

function itemOf({ kind, id, text, copies }: FactRow): HealthItem {
  return { kind, id, text: copies > 1 ? `${text} (${copies} times)` : text };
}

const DATABASE_FAULTS: ReadonlySet<DatabaseKind> = new Set([
  'newer',
  'foreign',
  'tracked',
  'in-data-directory',
  'not-a-file',
  'rebuilt',
  'unreadable',
]);

/** What the state of the folder says anyway: the database as a whole, git, and what was kept aside. */
export function stateFindings(state: FolderState): HealthFinding[] {
  const about = { subject: 'engram.db', items: [], more: 0 };
  const found: HealthFinding[] = DATABASE_FAULTS.has(state.database)
    ? databaseProblems(state.problems).map((problem) => ({
        ...about,
        code: state.database === 'tracked' ? 'database-tracked' : 'database-problem',
        severity: problem.severity === 'info' ? 'warning' : problem.severity,
        sentence: problem.message,
      }))
    : [];
  if (state.git.ignored) found.push(ignored());
  if (state.kept > 0) found.push(kept(state.kept));
  return found;
}

function databaseProblems(problems: readonly FolderProblem[]): FolderProblem[] {
  return problems
    .filter(({ code, subject }) => code.startsWith('store-') || subject === 'engram.db' || code === 'not-regular-file')
    .slice(0, 1);
}

function ignored(): HealthFinding {
  const fix: HealthFix = { kind: 'words', text: 'Take .engram out of .gitignore.' };
  const sentence = 'Git ignores this .engram folder, so nothing in it is shared.';
  return { code: 'folder-ignored', severity: 'error', sentence, subject: '.engram', items: [], more: 0, fix };
}

function kept(count: number): HealthFinding {
  const sentence = `${counted(count, 'change', 'changes')} that nobody shared ${count === 1 ? 'is' : 'are'} missing from the database; a copy was kept.`;
  const fix: HealthFix = { kind: 'command', command: 'engram.restoreKept', text: 'Run “Engram: Restore Kept Memories”.' };
  return { code: 'kept-aside', severity: 'warning', sentence, subject: 'engram.db', items: [], more: 0, fix };
}
