import type { FixCommand, HealthCode, HealthRepair } from '../../engine/health.ts';
import type { Translate } from '../translate.ts';

type Headlines<Code extends HealthCode> = Readonly<Record<Code, () => string>>;
type RowCode = Extract<HealthCode, `row-${string}` | 'deletion-not-shared'>;
type OlderCode = Extract<HealthCode, `older-${string}`>;

/** Every finding in a few words; a new code does not compile without its own. */
export function findingHeadline(t: Translate, code: HealthCode): string {
  const headlines: Headlines<HealthCode> = { ...rowHeadlines(t), ...olderHeadlines(t), ...otherHeadlines(t) };
  return headlines[code]();
}

function rowHeadlines(t: Translate): Headlines<RowCode> {
  return {
    'row-not-exported': () => t('Not exported yet'),
    'row-not-committed': () => t('Exported, not committed'),
    'row-not-pushed': () => t('Committed, not pushed'),
    'row-chunk-missing': () => t('Only in a chunk whose file is missing'),
    'row-chunk-unusable': () => t('Only in a chunk that cannot be imported'),
    'row-no-longer-shared': () => t('No longer shared'),
    'row-personal': () => t('Personal, stays here'),
    'row-held-back': () => t('Relations that stay here'),
    'deletion-not-shared': () => t('Deletions not exported yet'),
    'row-without-session': () => t('Memories without their session'),
    'row-in-placeholder': () => t('Memories of an unknown session'),
    'row-twice': () => t('One memory in several rows'),
  };
}

function olderHeadlines(t: Translate): Headlines<OlderCode> {
  return {
    'older-refused': () => t('Stops older programs: a value of the wrong type'),
    'older-session-not-before': () => t('Stops Engram 1.14: a session that comes too late'),
    'older-mutation-unreadable': () => t('Stops Engram 1.16: a change that cannot be applied'),
    'older-mutation-key': () => t('Refused by newer programs: a change with a wrong key'),
    'older-mutation-twice': () => t('Ends otherwise in Engram 1.16: several changes of one memory'),
    'older-relation': () => t('Stops Engram 1.16: a relation without both memories'),
    'older-soft-delete': () => t('Loops in Engram 1.16: deletions without end'),
    'older-no-sync-id': () => t('Lost in Engram 1.16: memories without an id'),
    'older-in-arrays-twice': () => t('Doubled in Engram 1.14'),
  };
}

function otherHeadlines(t: Translate): Headlines<Exclude<HealthCode, RowCode | OlderCode>> {
  return {
    'manifest-problem': () => t('Manifest damaged'),
    'manifest-entry-unusable': () => t('Entries that cannot be used'),
    'manifest-entry-twice': () => t('Entries that stand there twice'),
    'manifest-version': () => t('Version of the manifest'),
    'entry-time': () => t('A time that silences older programs'),
    'chunk-missing': () => t('Chunks without a file'),
    'chunk-unlisted': () => t('Chunks without an entry'),
    'chunk-altered': () => t('Altered chunks'),
    'chunk-unreadable': () => t('Damaged chunks'),
    'chunk-waiting': () => t('Waiting to be imported'),
    'chunk-undone': () => t('Imports that were undone'),
    'chunk-as-text': () => t('Chunks that git changes'),
    'personal-committed': () => t('Personal memories in git'),
    'folder-ignored': () => t('Ignored by git'),
    'database-tracked': () => t('Database in git'),
    'database-problem': () => t('Database not usable'),
    'database-damaged': () => t('Database damaged'),
    'reference-broken': () => t('References to what is gone'),
    'same-content': () => t('One text in several memories'),
    'relation-deferred': () => t('Relations that wait'),
    'kept-aside': () => t('Memories kept aside'),
  };
}

/** What a link of the report runs, as its text. */
export function fixTitle(t: Translate, command: FixCommand): string {
  const titles: Readonly<Record<FixCommand, () => string>> = {
    'engram.syncNow': () => t('Sync'),
    'engram.exportNew': () => t('Export New Memories'),
    'engram.importPending': () => t('Import Pending'),
    'engram.importChunk': () => t('Import a Chunk'),
    'engram.repairManifest': () => t('Repair Manifest'),
    'engram.restoreKept': () => t('Restore Kept Memories'),
    'engram.reviewUnshared': () => t('Review Memories No Longer Shared'),
    'workbench.view.scm': () => t('Open Source Control'),
  };
  return titles[command]();
}

export function repairTitle(t: Translate, repair: HealthRepair): string {
  const titles: Readonly<Record<HealthRepair, () => string>> = {
    'raise-version': () => t('Raise the manifest’s version to 2'),
    'sessions-in-front': () => t('Put a chunk with the sessions in front'),
    'hard-deletes': () => t('Delete for good what is only marked as deleted'),
    'placeholder-sessions': () => t('Make the missing sessions in the database'),
  };
  return titles[repair]();
}
