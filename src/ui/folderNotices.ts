import type { EngramErrorCode } from '../engine/errors.ts';
import type { FolderProblem, FolderState } from '../engine/folderState.ts';
import type { SessionSnapshot } from '../host/session.ts';
import { cloudNext } from './cloudText.ts';
import { healingNotices, isTold } from './healingNotices.ts';
import { plain, SENTENCE_LENGTH } from './plainText.ts';
import { programNotices } from './programTexts.ts';
import type { NoticeAction, Row, RowIcon } from './rows.ts';
import type { Translate } from './translate.ts';

export interface Notice {
  readonly id: string;
  readonly severity: FolderProblem['severity'];
  /** A few words. */
  readonly headline: string;
  /** The whole sentence. */
  readonly detail: string;
  readonly action: NoticeAction | undefined;
}

/** What a person should know about a folder, as rows above its chunks: one sentence each, and a click that leads on. */
export function noticeRows(t: Translate, root: string, snapshot: SessionSnapshot): readonly Row[] {
  const { state, failure } = snapshot;
  if (state && state.folder !== 'ok') return [];
  const problems = [...(failure ? [failure] : []), ...(state?.problems ?? [])].filter((problem) => !state || !isTold(state, problem));
  const notices = [
    ...problems.map((problem) => {
      const isOfLive = state?.live !== undefined && problem.subject === 'engram.db';
      return problemNotice(t, { root, problem, canRepair: state?.healing?.kinds.includes('torn') ?? false, isOfLive });
    }),
    ...(state
      ? [
          ...programNotices(t, root, state),
          ...healingNotices(t, root, state),
          ...keptNotices(t, root, state),
          ...gitNotices(t, root, state),
          ...unsharedNotices(t, root, state),
          ...heldBackNotices(t, root, state),
        ]
      : []),
  ];
  const unique = new Map(notices.map((notice) => [notice.id, notice]));
  return [...unique.values()].map((notice) => noticeRow(t, root, notice));
}

function noticeRow(t: Translate, root: string, { id, severity, headline, detail, action }: Notice): Row {
  const next = action ? nextText(t, action) : '';
  return {
    id: `notice:${root}:${id}`,
    label: headline,
    description: detail,
    tooltip: next === '' ? detail : `${detail}\n${next}`,
    icon: ICONS[severity],
    spoken: [headline, detail, next].filter((part) => part !== '').join('. '),
    contextValue: 'engram.notice',
    target: { kind: 'notice', action },
    children: [],
  };
}

const ICONS: Readonly<Record<FolderProblem['severity'], RowIcon>> = {
  info: { name: 'info' },
  warning: { name: 'warning', color: 'list.warningForeground' },
  error: { name: 'error', color: 'list.errorForeground' },
};

function problemNotice(t: Translate, of: { root: string; problem: FolderProblem; canRepair: boolean; isOfLive: boolean }): Notice {
  const { root, problem, canRepair } = of;
  const { code, severity, message, subject = '' } = problem;
  if (of.isOfLive && code === 'not-found') return goneNotice(t, severity);
  const detail = (of.isOfLive ? undefined : sentenceFor(t, code)) ?? plain(message, SENTENCE_LENGTH);
  return {
    id: `${code}:${plain(subject)}:${detail}`,
    severity,
    headline: headlineOf(t, code),
    detail,
    action: canRepair && code === 'chunk-corrupt' ? { kind: 'repair', root } : actionOf(code, subject, root),
  };
}

/** The agents' database was moved or deleted while it was in use: the program makes it, or a person shares other memories. */
function goneNotice(t: Translate, severity: FolderProblem['severity']): Notice {
  const detail = t(
    'It is not where the program keeps it. Nothing was written, and the chunks are all there; put it back, run the program once, or share the folder’s own memories.',
  );
  const action = { kind: 'run', command: 'engram.chooseDatabase' } as const;
  return { id: 'live-gone', severity, headline: t('Database of the Engram program'), detail, action };
}

/** Where the file that could not be written says nothing to a person: what happened, what is safe, what to do. Of the live database the message does. */
function sentenceFor(t: Translate, code: EngramErrorCode): string | undefined {
  switch (code) {
    case 'disk-full':
      return t('The disk is full. Nothing was lost; make room and sync again.');
    case 'read-only':
      return t('You may not write here, so nothing is imported or exported. Nothing was changed; allow writing to .engram and try again.');
    default:
      return undefined;
  }
}

/** What was never shared is not brought back by itself: it may have been removed on purpose. */
function keptNotices(t: Translate, root: string, { kept }: FolderState): Notice[] {
  if (kept === 0) return [];
  const detail =
    kept === 1
      ? t('1 change that was never shared is missing from the database, but a copy was kept.')
      : t('{0} changes that were never shared are missing from the database, but a copy was kept.', kept);
  return [{ id: 'kept', severity: 'warning', headline: t('Memories kept aside'), detail, action: { kind: 'restore-kept', root } }];
}

/** A purge may have had its reasons, so these never leave by themselves, and nobody is alarmed. */
function unsharedNotices(t: Translate, root: string, { toShare }: FolderState): Notice[] {
  const count = toShare.noLongerShared;
  if (count === 0) return [];
  const detail =
    count === 1
      ? t('1 memory here was shared once, and no branch has it any more. It stays here until you share it again or delete it.')
      : t(
          '{0} memories here were shared once, and no branch has them any more. They stay here until you share them again or delete them.',
          count,
        );
  return [{ id: 'unshared', severity: 'info', headline: t('No longer shared'), detail, action: { kind: 'review-unshared', root } }];
}

/** One hostile deletion must not reach other projects, so a person looks first. */
function heldBackNotices(t: Translate, root: string, { live }: FolderState): Notice[] {
  const count = live?.heldBack.changes ?? 0;
  if (count === 0) return [];
  const detail =
    count === 1
      ? t('1 change of another project’s memories came with a chunk. It waits until you allow it; nothing was changed.')
      : t('{0} changes of other projects’ memories came with chunks. They wait until you allow them; nothing was changed.', count);
  return [{ id: 'held-back', severity: 'warning', headline: t('Other projects'), detail, action: { kind: 'review-held-back', root } }];
}

/** What stands in git's way of sharing: nothing is broken, but a person has to do the last step. */
function gitNotices(t: Translate, root: string, state: FolderState): Notice[] {
  const { git, manifest, chunkTotals, mode, healing, healed } = state;
  const scm: NoticeAction = { kind: 'run', command: 'workbench.view.scm' };
  const notices: Notice[] = [];
  if (git.ignored) {
    const detail = t('Git ignores this .engram folder, so nothing in it is shared. Remove it from .gitignore to share it.');
    notices.push({ id: 'ignored', severity: 'warning', headline: t('Not shared'), detail, action: undefined });
  } else if (git.uncommitted > 0 && mode === 'full' && !git.unmerged && !healed?.written) {
    const detail =
      chunkTotals.uncommitted === 0
        ? t('manifest.json is changed and not committed yet.')
        : git.uncommitted === 1
          ? t('1 chunk is written and not committed yet.')
          : t('{0} chunks are written and not committed yet.', git.uncommitted);
    notices.push({ id: 'uncommitted', severity: 'info', headline: t('Commit to share'), detail, action: scm });
  }
  if (git.deleted > 0) notices.push(deletedNotice(t, git.deleted, healing?.kinds.includes('missing') ? { kind: 'repair', root } : scm));
  if (manifest === 'absent' && chunkTotals.all > 0 && !healing) {
    const detail = t(
      'There is no manifest.json. The chunks that are here are imported all the same; the next sync that shares something writes one.',
    );
    notices.push({ id: 'no-manifest', severity: 'info', headline: t('No manifest'), detail, action: undefined });
  }
  return notices;
}

function deletedNotice(t: Translate, count: number, action: NoticeAction): Notice {
  const detail =
    count === 1
      ? t('1 chunk that git has was deleted here. Committing that takes it from your team; discard the change to get it back.')
      : t(
          '{0} chunks that git has were deleted here. Committing that takes them from your team; discard the change to get them back.',
          count,
        );
  return { id: 'deleted', severity: 'warning', headline: t('Chunks deleted'), detail, action };
}

function actionOf(code: EngramErrorCode, subject: string, root: string): NoticeAction | undefined {
  switch (code) {
    case 'manifest-conflict':
    case 'manifest-invalid':
    case 'manifest-too-large':
      return { kind: 'open-manifest', root };
    case 'chunk-altered':
      return CHUNK_ID.test(subject) ? { kind: 'import-altered', root, id: subject } : { kind: 'run', command: 'engram.showLog' };
    case 'chunk-corrupt':
    case 'chunk-too-large':
      return CHUNK_ID.test(subject) ? { kind: 'reveal-chunk', root, id: subject } : { kind: 'run', command: 'engram.showLog' };
    case 'untrusted':
      return { kind: 'run', command: 'workbench.trust.manage' };
    case 'cloud-config':
      return { kind: 'cloud', root, command: 'engram.connectCloud' };
    case 'cloud-unenrolled':
      return { kind: 'cloud', root, command: 'engram.enrollProject' };
    case 'cloud-unreachable':
    case 'cloud-refused':
    case 'cloud-answer':
      return { kind: 'cloud', root, command: 'engram.syncCloud' };
    case 'store-locked':
    case 'lock-lost':
    case 'disk-full':
    case 'read-only':
    case 'io-failed':
    case 'worker-lost':
      return { kind: 'run', command: 'engram.syncNow' };
    case 'chunk-missing':
    case 'store-newer':
    case 'store-foreign':
    case 'store-tracked':
    case 'store-in-data-directory':
      return undefined;
    default:
      return { kind: 'run', command: 'engram.showLog' };
  }
}

/** Subjects that are no plain chunk id never become part of a path. */
const CHUNK_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

function nextText(t: Translate, action: NoticeAction): string {
  if (action.kind === 'open-manifest') return t('Click to open manifest.json');
  if (action.kind === 'repair') return t('Click to repair');
  if (action.kind === 'restore-kept') return t('Click to restore or discard');
  if (action.kind === 'review-unshared') return t('Click to choose what happens to them');
  if (action.kind === 'import-altered') return t('Click to decide whether it is imported');
  if (action.kind === 'review-held-back') return t('Click to look at them');
  if (action.kind === 'reveal-chunk') return t('Click to show the file');
  if (action.kind === 'sync') return t('Click to sync with the engram program');
  if (action.kind === 'cloud') return cloudNext(t, action.command);
  switch (action.command) {
    case 'engram.syncNow':
      return t('Click to try again');
    case 'engram.showLog':
      return t('Click to show the log');
    case 'engram.chooseDatabase':
      return t('Click to choose the database');
    case 'engram.setProgramPath':
      return t('Click to set its path');
    case 'engram.installMergeDriver':
      return t('Click to install it again');
    case 'workbench.trust.manage':
      return t('Click to manage Workspace Trust');
    case 'workbench.view.scm':
      return t('Click to open Source Control');
  }
}

/** Every error code in a few words; a new code does not compile without its own. */
export function headlineOf(t: Translate, code: EngramErrorCode): string {
  const headlines: Readonly<Record<EngramErrorCode, () => string>> = {
    'not-initialised': () => t('Not initialized'),
    'not-regular-file': () => t('Not a plain file'),
    'manifest-invalid': () => t('Manifest damaged'),
    'manifest-conflict': () => t('Manifest conflict'),
    'manifest-too-large': () => t('Manifest too large'),
    'chunk-missing': () => t('Chunk missing'),
    'chunk-corrupt': () => t('Chunk damaged'),
    'chunk-altered': () => t('Chunk altered'),
    'chunk-too-large': () => t('Chunk too large'),
    'chunk-collision': () => t('Chunk name taken'),
    'store-locked': () => t('Database locked'),
    'lock-lost': () => t('Lock lost'),
    'store-corrupt': () => t('Database damaged'),
    'store-newer': () => t('Newer release'),
    'store-foreign': () => t('Database of the Engram program'),
    'store-tracked': () => t('Database in git'),
    'store-in-data-directory': () => t('Data directory'),
    'read-only': () => t('Read-only'),
    'io-failed': () => t('Reading or writing failed'),
    'disk-full': () => t('Disk full'),
    'not-found': () => t('Not found'),
    'invalid-input': () => t('Cannot be saved'),
    'git-failed': () => t('Git failed'),
    'program-failed': () => t('Engram program failed'),
    untrusted: () => t('Restricted Mode'),
    'cloud-config': () => t('Cloud settings'),
    'cloud-unreachable': () => t('Cloud not reachable'),
    'cloud-refused': () => t('Refused by the cloud'),
    'cloud-answer': () => t('Not understood'),
    'cloud-unenrolled': () => t('Not in the cloud'),
    'worker-lost': () => t('Interrupted'),
    cancelled: () => t('Cancelled'),
  };
  return headlines[code]();
}
