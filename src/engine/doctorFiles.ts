import { isUnlisted, type ScannedChunk } from './chunkScan.ts';
import type { FolderExam } from './folderExam.ts';
import { instantOf, instantToMs } from './goTime.ts';
import { groupedBy } from './grouping.ts';
import { chunkItem, counted, findingAbout, type HealthFinding, type HealthFix, type HealthItem } from './health.ts';
import type { ChunkEntry, Manifest } from './manifest.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const RFC_3339 = /T.*(?:Z|[+-]\d\d:\d\d)$/;

const REPAIR: HealthFix = {
  kind: 'command',
  command: 'engram.repairManifest',
  text: 'Run “Engram: Repair Manifest”: it finds every entry and every file again.',
};

/** Files and manifest: what is missing, unlisted, altered or torn. */
export function fileFindings(folder: FolderExam): HealthFinding[] {
  const chunks = folder.chunks.map(({ chunk }) => chunk);
  return [
    ...manifestFindings(folder),
    ...missing(chunks),
    ...unreadable(chunks),
    ...altered(chunks),
    ...unlisted(chunks),
    ...waiting(chunks),
    ...undone(chunks),
  ];
}

/** Git's own reading of `.gitattributes`: with these a checkout gives other bytes than were committed, and a commit other than were written. */
export function textFinding(): HealthFinding {
  return {
    code: 'chunk-as-text',
    severity: 'error',
    sentence:
      'The attributes of this repository make git treat chunks as texts: it changes line ends inside of them, and a fresh clone may get damaged ones.',
    subject: 'chunks',
    items: [],
    more: 0,
    fix: { kind: 'words', text: 'Write the line “chunks/*.gz binary” into .engram/.gitattributes, then commit it.' },
  };
}

function manifestFindings({ manifest, problems, nowMs, chunks }: FolderExam): HealthFinding[] {
  const about = { subject: 'manifest.json', items: [], more: 0 };
  if (!manifest) {
    return problems
      .filter(({ subject }) => subject === 'manifest.json')
      .map((problem) => ({ ...about, code: 'manifest-problem', severity: 'error', sentence: problem.message, fix: REPAIR }) as const);
  }
  const hasOwnership = chunks.some(({ exam }) => exam?.hasOwnership);
  return [...versionFinding(manifest, hasOwnership), ...unusable(manifest), ...twice(manifest), ...oddTimes(manifest, nowMs)];
}

function versionFinding(manifest: Manifest, hasOwnership: boolean): HealthFinding[] {
  if (manifest.absent || manifest.version >= 2 || manifest.chunks.length === 0) return [];
  const cause = hasOwnership
    ? 'The manifest has version 1 and a chunk has sessions with an owner: Engram 2.0 and later refuse to import such a folder.'
    : 'The manifest has version 1: Engram 2.0 and later refuse to import it once their own database has sessions with an owner.';
  return [
    {
      code: 'manifest-version',
      severity: hasOwnership ? 'error' : 'info',
      sentence: `${cause} Older releases ignore the number.`,
      subject: 'manifest.json',
      items: [],
      more: 0,
      fix: { kind: 'repair', repair: 'raise-version', text: 'Raise the version to 2. Nothing else changes.' },
    },
  ];
}

function unusable({ unusable: entries }: Manifest): HealthFinding[] {
  const sentence = `${counted(entries.length, 'entry of the manifest cannot be used and is', 'entries of the manifest cannot be used and are')} passed over here. Engram 1.16 stops at an entry without an id.`;
  const fix: HealthFix = { kind: 'words', text: 'Take the entry out of manifest.json, or ask its author what it was.' };
  const items = entries.map(({ index, reason }): HealthItem => ({ kind: 'file', id: `entry ${index + 1}`, text: reason }));
  // Golden `id-empty`: v1.16.1 stalls there; v1.14.0 passes over it.
  const severity = entries.some(({ reason }) => reason === 'id is empty') ? 'error' : 'warning';
  return findingAbout({ code: 'manifest-entry-unusable', severity, sentence, subject: 'manifest.json', fix }, items);
}

function twice({ chunks }: Manifest): HealthFinding[] {
  const groups = groupedBy(chunks, (entry) => entry.id);
  const repeated = [...groups].filter(([, entries]) => entries.length > 1).map(([id, entries]) => chunkItem(id, `${entries.length} times`));
  const sentence =
    'The manifest lists a chunk more than once. That harms nothing: each program imports it once, or again with the same result.';
  return findingAbout({ code: 'manifest-entry-twice', severity: 'info', sentence, subject: 'manifest.json', fix: REPAIR }, repeated);
}

/** Older programs compare the times of entries as text, and export nothing that is not later than the greatest (sync.md W-03). */
function oddTimes({ chunks }: Manifest, nowMs: number): HealthFinding[] {
  const now = new Date(nowMs).toISOString();
  const harmful = ({ createdAt }: ChunkEntry): boolean => {
    const isTime = RFC_3339.test(createdAt.trim()) && instantOf(createdAt) !== '';
    return isTime ? instantToMs(instantOf(createdAt)) > nowMs + DAY_MS : createdAt > now;
  };
  const items = chunks.filter(harmful).map((entry) => chunkItem(entry.id, entry.createdAt));
  const sentence =
    'The manifest has an entry whose time is no time or lies in the future. Members with Engram 1.14 and 1.16 export nothing new because of it; this extension does not go by it.';
  const fix: HealthFix = {
    kind: 'words',
    text: 'Set the entry’s created_at in manifest.json to the time of its chunk, such as 2026-01-31T12:00:00Z, and commit it.',
  };
  return findingAbout({ code: 'entry-time', severity: 'warning', sentence, subject: 'manifest.json', fix }, items);
}

function missing(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter(({ state }) => state === 'missing').map(({ id, isMerged }) => chunkItem(id, isMerged ? 'imported here' : ''));
  const sentence = `${counted(items.length, 'chunk is', 'chunks are')} listed, but the file is not here. What is in this database stays; a clone does not get it.`;
  const fix: HealthFix = { ...REPAIR, text: 'Run “Engram: Repair Manifest”: it looks for the file in git’s history and restores it.' };
  return findingAbout({ code: 'chunk-missing', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

function unreadable(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter(({ state }) => state === 'unreadable').map(({ id, problem }) => chunkItem(id, problem?.code ?? ''));
  const sentence = `${counted(items.length, 'chunk', 'chunks')} cannot be read. Everything else is imported here; Engram 1.14 and 1.16 stop there and never get what is listed behind.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'Restore the file from git (git checkout -- .engram/chunks), or ask its author to commit it again.',
  };
  return findingAbout({ code: 'chunk-unreadable', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

function altered(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter(({ state }) => state === 'altered').map(({ id }) => chunkItem(id));
  const sentence = `${counted(items.length, 'chunk was', 'chunks were')} altered after it was written: its content does not match its name. It is not imported by itself here; other programs do not look.`;
  const fix: HealthFix = {
    kind: 'command',
    command: 'engram.importChunk',
    text: 'Read it, then import it by hand (“Engram: Import This Chunk”), or restore it from git.',
  };
  return findingAbout({ code: 'chunk-altered', severity: 'warning', sentence, subject: 'chunks', fix }, items);
}

function unlisted(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter(isUnlisted).map(({ id }) => chunkItem(id));
  const sentence = `${counted(items.length, 'chunk is', 'chunks are')} here and in no entry of the manifest, as after a merge that kept one side. It is imported here; other programs never see it.`;
  return findingAbout({ code: 'chunk-unlisted', severity: 'warning', sentence, subject: 'chunks', fix: REPAIR }, items);
}

function waiting(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter((chunk) => chunk.waiting).map(({ id }) => chunkItem(id));
  const sentence = `${counted(items.length, 'chunk waits', 'chunks wait')} to be imported into this database.`;
  const fix: HealthFix = { kind: 'command', command: 'engram.importPending', text: 'Run “Engram: Import Pending”.' };
  return findingAbout({ code: 'chunk-waiting', severity: 'info', sentence, subject: 'chunks', fix }, items);
}

function undone(chunks: readonly ScannedChunk[]): HealthFinding[] {
  const items = chunks.filter(({ state }) => state === 'undone').map(({ id }) => chunkItem(id));
  const sentence = `The import of ${counted(items.length, 'chunk was', 'chunks were')} undone here by choice. Your team is not affected, and the memories stay out of this database.`;
  const fix: HealthFix = { kind: 'words', text: 'To have them again, run “Engram: Import Again”.' };
  return findingAbout({ code: 'chunk-undone', severity: 'info', sentence, subject: 'chunks', fix }, items);
}
