/** What the doctor finds, as data: it crosses the thread boundary, is printed by the command line and drawn by the editor. */

/** Every kind of finding. The editor has a headline for each (src/ui/documents/healthWords.ts). */
export type HealthCode =
  // Would a fresh clone restore everything? Rows that would not come back, by reason.
  | 'row-not-exported'
  | 'row-not-committed'
  | 'row-not-pushed'
  | 'row-chunk-missing'
  | 'row-chunk-unusable'
  | 'row-no-longer-shared'
  | 'row-personal'
  | 'row-held-back'
  | 'deletion-not-shared'
  // Files of the folder.
  | 'manifest-problem'
  | 'manifest-entry-unusable'
  | 'manifest-entry-twice'
  | 'manifest-version'
  | 'entry-time'
  | 'chunk-missing'
  | 'chunk-unlisted'
  | 'chunk-altered'
  | 'chunk-unreadable'
  | 'chunk-waiting'
  | 'chunk-undone'
  | 'chunk-as-text'
  // What stops, loops or hides in teammates' older programs.
  | 'older-refused'
  | 'older-session-not-before'
  | 'older-mutation-unreadable'
  | 'older-mutation-key'
  | 'older-mutation-twice'
  | 'older-relation'
  | 'older-soft-delete'
  | 'older-no-sync-id'
  | 'older-in-arrays-twice'
  // What was shared although it may not have been meant to be.
  | 'personal-committed'
  | 'folder-ignored'
  | 'database-tracked'
  // The database.
  | 'database-problem'
  | 'database-damaged'
  | 'row-without-session'
  | 'row-in-placeholder'
  | 'reference-broken'
  | 'row-twice'
  | 'same-content'
  | 'relation-deferred'
  | 'kept-aside';

/** `info` is worth knowing and no fault: it does not make a folder unhealthy. */
export type HealthSeverity = 'error' | 'warning' | 'info';

/** Something that a finding is about. `text` is hostile: a title or a name that somebody wrote. */
export interface HealthItem {
  readonly kind: 'chunk' | 'memory' | 'prompt' | 'session' | 'relation' | 'file';
  readonly id: string;
  readonly text: string;
}

/** What the doctor mends itself, on request. */
export type HealthRepair = 'raise-version' | 'sessions-in-front' | 'hard-deletes' | 'placeholder-sessions';

export const HEALTH_REPAIRS: readonly HealthRepair[] = ['placeholder-sessions', 'sessions-in-front', 'hard-deletes', 'raise-version'];

/** Commands of the extension that a fix may name. A closed set: a report holds text of others. */
export type FixCommand =
  | 'engram.syncNow'
  | 'engram.exportNew'
  | 'engram.importPending'
  | 'engram.importChunk'
  | 'engram.repairManifest'
  | 'engram.restoreKept'
  | 'engram.reviewUnshared'
  | 'workbench.view.scm';

export type HealthFix =
  | { readonly kind: 'repair'; readonly repair: HealthRepair; readonly text: string }
  | { readonly kind: 'command'; readonly command: FixCommand; readonly text: string }
  /** Only a person can do it. */
  | { readonly kind: 'words'; readonly text: string };

export interface HealthFinding {
  readonly code: HealthCode;
  readonly severity: HealthSeverity;
  /** What is so, and what is safe: stable English. Never text that somebody else wrote. */
  readonly sentence: string;
  /** What it is about in a word: `manifest.json`, `engram.db`, `.engram`, `chunks`. */
  readonly subject: string;
  /** At most {@link MAX_ITEMS}. */
  readonly items: readonly HealthItem[];
  /** Items that are not listed. */
  readonly more: number;
  readonly fix?: HealthFix;
}

export const MAX_ITEMS = 100;

/** Would a fresh clone restore everything? */
export interface CloneAnswer {
  /**
   * What a clone was made of: the commit that is checked out, and what the remote branch has where it differs; without git, or
   * without a commit, the files of the folder. `none`: there is no database to compare with.
   */
  readonly source: 'commit' | 'remote' | 'folder' | 'none';
  /** Live rows of the database that were compared. */
  readonly compared: number;
  /** Of these, and of deletions, those that would not come back; personal rows, which stay home by choice, are not among them. */
  readonly lost: number;
  /** Personal rows that stay home. */
  readonly personal: number;
}

export interface HealthReport {
  /** Most severe first. */
  readonly findings: readonly HealthFinding[];
  readonly clone: CloneAnswer;
  /** What was looked at. */
  readonly chunks: number;
}

/** What {@link HealthRepair}s did. */
export interface RepairSummary {
  readonly done: readonly HealthRepair[];
  /** Chunks that were written. */
  readonly chunkIds: readonly string[];
}

/** Nothing that needs a person. */
export function isHealthy(report: HealthReport): boolean {
  return report.findings.every((finding) => finding.severity === 'info');
}

const RANK: Readonly<Record<HealthSeverity, number>> = { error: 0, warning: 1, info: 2 };

/** Most severe first, otherwise as they came: the clone's answer before the rest. */
export function sortFindings(findings: readonly HealthFinding[]): HealthFinding[] {
  return findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** A finding with its list cut to what a person can read; `undefined` where the list is empty. */
export function findingAbout(of: Omit<HealthFinding, 'more' | 'items'>, items: readonly HealthItem[]): HealthFinding[] {
  if (items.length === 0) return [];
  return [{ ...of, items: items.slice(0, MAX_ITEMS), more: Math.max(0, items.length - MAX_ITEMS) }];
}

/** `1 memory`, `2 memories`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function chunkItem(id: string, text = ''): HealthItem {
  return { kind: 'chunk', id, text };
}
