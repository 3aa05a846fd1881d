import type { FolderProblem, FolderState, Healing, HealingKind, HealSummary } from '../engine/folderState.ts';
import { chunkCount } from './counts.ts';
import type { Notice } from './folderNotices.ts';
import type { NoticeAction } from './rows.ts';
import type { Translate } from './translate.ts';

type ShownKind = Exclude<HealingKind, 'torn'>;

/** What is wrong with manifest and chunks, what a repair would do, and what the last one did. */
export function healingNotices(t: Translate, root: string, state: FolderState): Notice[] {
  const { healing, healed, git, mergeDriver, mode } = state;
  // Those that git still has are told as deleted, the torn ones each by its own row.
  const kinds = healing?.kinds.filter(
    (kind): kind is ShownKind => kind !== 'torn' && (kind !== 'missing' || healing.missing > git.deleted),
  );
  return [
    ...(healing && kinds
      ? kinds.map((kind) => healingNotice(t, { healing, kind, action: mode === 'full' ? { kind: 'repair', root } : undefined }))
      : []),
    ...(healed ? [healedNotice(t, healed)] : []),
    ...(git.unmerged && !healed && !healing ? [unmergedNotice(t)] : []),
    ...(mergeDriver === 'broken' ? [driverNotice(t)] : []),
  ];
}

/** Whether a problem is what a notice of a repair, or of the Engram program, tells already. */
export function isTold({ healing, program }: FolderState, { code, subject, message }: FolderProblem): boolean {
  if (program && code === 'store-foreign') return true;
  if (subject !== 'manifest.json' || message.startsWith('Entry ')) return false;
  return (
    (code === 'manifest-conflict' && healing?.kinds.includes('conflict')) ||
    (code === 'manifest-invalid' && healing?.kinds.includes('damaged')) ||
    false
  );
}

function healingNotice(t: Translate, of: { healing: Healing; kind: ShownKind; action: NoticeAction | undefined }): Notice {
  const { healing, kind, action } = of;
  const notices: Readonly<Record<ShownKind, () => Pick<Notice, 'headline' | 'detail' | 'severity'>>> = {
    conflict: () => ({
      severity: 'error',
      headline: t('Manifest conflict'),
      detail: t(
        'Git could not merge manifest.json: it has conflict markers, or the entries of one side only. Nothing is lost: a repair lists {0}, those of both sides.',
        chunkCount(t, healing.entries),
      ),
    }),
    damaged: () => ({
      severity: 'error',
      headline: t('Manifest damaged'),
      detail: t(
        'manifest.json cannot be read. Chunks that are here are imported all the same. A repair writes it anew with {0}: all that git and this folder know.',
        chunkCount(t, healing.entries),
      ),
    }),
    lost: () => ({
      severity: 'info',
      headline: t('No manifest'),
      detail: t(
        'There is no manifest.json. Chunks that are here are imported all the same. A repair writes it anew with {0}.',
        chunkCount(t, healing.entries),
      ),
    }),
    unlisted: () => ({ severity: 'info', headline: t('Chunks not listed'), detail: unlistedDetail(t, healing.unlisted) }),
    duplicates: () => ({
      severity: 'info',
      headline: t('Entries twice'),
      detail: t('manifest.json lists chunks twice. They are imported once; a repair removes the repetitions.'),
    }),
    missing: () => ({ severity: 'info', headline: t('Chunks missing'), detail: missingDetail(t, healing.missing) }),
  };
  return { id: `healing:${kind}`, action, ...notices[kind]() };
}

function unlistedDetail(t: Translate, count: number): string {
  return count === 1
    ? t('1 chunk is here that manifest.json does not list: a merge may have dropped its entry. A repair lists it again.')
    : t('{0} chunks are here that manifest.json does not list: a merge may have dropped their entries. A repair lists them again.', count);
}

function missingDetail(t: Translate, count: number): string {
  return count === 1
    ? t('1 chunk is listed, but its file is not here. A repair looks for it in git’s history.')
    : t('{0} chunks are listed, but their files are not here. A repair looks for them in git’s history.', count);
}

/** The last step is git's, and the person's. */
function healedNotice(t: Translate, healed: HealSummary): Notice {
  const { written, restored, notFound, unmerged } = healed;
  const facts = [
    written ? manifestFact(t, healed) : '',
    restored.length > 0 ? t('{0} came back from git’s history.', chunkCount(t, restored.length)) : '',
    notFound.length > 0
      ? t('Not in git’s history either: {0}. They stay listed; ask their authors for the files.', chunkCount(t, notFound.length))
      : '',
    unmerged ? t('Git still waits for you. Resolve by: git add .engram/manifest.json') : '',
    written && !unmerged ? t('Commit .engram to share it.') : '',
  ];
  return {
    id: 'healed',
    severity: notFound.length > 0 ? 'warning' : 'info',
    headline: notFound.length > 0 && !written && restored.length === 0 ? t('Chunks not found') : t('Repaired'),
    detail: facts.filter((fact) => fact !== '').join(' '),
    action: written ? { kind: 'run', command: 'workbench.view.scm' } : undefined,
  };
}

function manifestFact(t: Translate, { kinds, entries, added, removed }: HealSummary): string {
  if (kinds.includes('conflict')) return t('manifest.json lists {0}, those of both sides.', chunkCount(t, entries));
  if (kinds.includes('damaged') || kinds.includes('lost')) return t('manifest.json is written anew with {0}.', chunkCount(t, entries));
  const more = added > 0 ? t('manifest.json lists {0} more.', chunkCount(t, added)) : '';
  const less = removed > 0 ? t('What manifest.json listed twice it lists once.') : '';
  return [more, less].filter((part) => part !== '').join(' ');
}

function unmergedNotice(t: Translate): Notice {
  return {
    id: 'unmerged',
    severity: 'info',
    headline: t('Conflict repaired'),
    detail: t('manifest.json has the entries of both sides, but git still calls it unmerged. Resolve by: git add .engram/manifest.json'),
    action: { kind: 'run', command: 'workbench.view.scm' },
  };
}

function driverNotice(t: Translate): Notice {
  return {
    id: 'merge-driver',
    severity: 'warning',
    headline: t('Merge driver broken'),
    detail: t('Git cannot run it and marks conflicts in manifest.json as text. Nothing is lost.'),
    action: { kind: 'run', command: 'engram.installMergeDriver' },
  };
}
