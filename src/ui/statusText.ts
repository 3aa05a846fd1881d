import { type Activity, goesThroughCloudAlone, type SessionSnapshot, type WorkspaceKind } from '../host/session.ts';
import { workText } from './cloudText.ts';
import { CONDITIONS, type Condition, type ConditionKind, conditionOf } from './condition.ts';
import { chunkCount } from './counts.ts';
import { databaseText } from './databaseTexts.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from './plainText.ts';
import type { Translate } from './translate.ts';

/** What the one status bar item shows. Plain strings: nothing in them is ever read as Markdown. */
export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  /** Read by screen readers instead of {@link text}. */
  readonly spoken: string;
  /** `undefined`: a click does nothing. */
  readonly command: string | undefined;
  /** Only where a person has to do something before anything can go on. */
  readonly isWarning: boolean;
}

/** @returns `undefined` where the item is hidden: nothing of ours is in the window. */
export function statusText(t: Translate, all: readonly SessionSnapshot[], kind: WorkspaceKind): StatusText | undefined {
  const folders = all
    .map((snapshot) => ({ snapshot, condition: conditionOf(snapshot) }))
    .filter(({ condition }) => condition.kind !== 'absent');
  const foremost = foremostOf(folders.map(({ condition }) => condition));
  if (!foremost || kind === 'no-folder' || kind === 'virtual') return undefined;
  const runs = folders.map(({ snapshot }) => snapshot.activity).find(({ kind: activity }) => activity !== 'idle' && activity !== 'opening');
  const words = foremost.kind === 'running' && runs ? runningText(t, runs) : wordsOf(t, foremost);
  const { command, hint } = clickOf(t, foremost.kind);
  const lines = folders.map(({ snapshot, condition }) => folderLine(t, { snapshot, condition, isOne: folders.length === 1 }));
  return {
    text: `$(${ICONS[foremost.kind]}) Engram${words === '' ? '' : `: ${words}`}`,
    tooltip: [...lines, ...(hint === '' ? [] : [hint])].join('\n'),
    spoken: ['Engram', words || (foremost.kind === 'opening' ? t('reading the folder') : ''), hint].filter(Boolean).join(', '),
    command,
    isWarning: WARNINGS.has(foremost.kind),
  };
}

function foremostOf(conditions: readonly Condition[]): Condition | undefined {
  const kind = CONDITIONS.find((candidate) => conditions.some((condition) => condition.kind === candidate));
  if (!kind) return undefined;
  const count = conditions.filter((condition) => condition.kind === kind).reduce((sum, condition) => sum + condition.count, 0);
  return { kind, count };
}

function folderLine(
  t: Translate,
  { snapshot, condition, isOne }: { snapshot: SessionSnapshot; condition: Condition; isOne: boolean },
): string {
  const line = sentenceOf(t, condition, snapshot);
  const database = snapshot.state ? databaseText(t, snapshot.state) : '';
  const told = [line, cloudLine(t, snapshot), database].filter((part) => part !== '').join(' ');
  const named = isOne ? told : t('{0}: {1}', plain(snapshot.name, LABEL_LENGTH), told);
  return snapshot.state?.mode === 'full' && snapshot.state.folder === 'ok' && !snapshot.state.git.available
    ? `${named} ${t('Git is not available here, so changes are noticed by file events only.')}`
    : named;
}

/** Where git has chunks the item speaks of git, so what waits for the cloud is said here. */
function cloudLine(t: Translate, snapshot: SessionSnapshot): string {
  const { cloud, isConsented } = snapshot;
  const waits = (cloud?.toSend ?? 0) + (cloud?.asked?.toFetch ?? 0) > 0;
  return waits && isConsented && !goesThroughCloudAlone(snapshot) ? t('Cloud: {0}.', workText(t, cloud)) : '';
}

const ICONS: Readonly<Record<ConditionKind, string>> = {
  running: 'sync~spin',
  conflict: 'warning',
  'manifest-damaged': 'warning',
  'manifest-unusable': 'warning',
  'database-blocked': 'warning',
  'disk-full': 'warning',
  failed: 'warning',
  pending: 'cloud-download',
  'program-pending': 'cloud-download',
  ignored: 'circle-slash',
  share: 'cloud-upload',
  send: 'cloud-upload',
  fetch: 'cloud-download',
  unlisted: 'diff-added',
  'damaged-chunks': 'warning',
  'deleted-chunks': 'warning',
  'missing-chunks': 'cloud-download',
  commit: 'git-commit',
  program: 'lock',
  'read-only': 'lock',
  restricted: 'shield',
  'absent-on-branch': 'git-branch',
  'not-a-folder': 'warning',
  foreign: 'circle-slash',
  opening: 'sync~spin',
  'nothing-yet': 'sync',
  'in-cloud': 'cloud',
  synced: 'sync',
  absent: 'sync',
};

const WARNINGS: ReadonlySet<ConditionKind> = new Set([
  'conflict',
  'manifest-damaged',
  'manifest-unusable',
  'database-blocked',
  'disk-full',
  'not-a-folder',
]);

function wordsOf(t: Translate, { kind, count }: Condition): string {
  const words: Readonly<Record<ConditionKind, () => string>> = {
    running: () => t('syncing'),
    conflict: () => t('conflict'),
    'manifest-damaged': () => t('manifest damaged'),
    'manifest-unusable': () => t('manifest damaged'),
    'database-blocked': () => t('database blocked'),
    'disk-full': () => t('disk full'),
    failed: () => t('sync failed'),
    pending: () => t('{0} to import', count),
    'program-pending': () => t('{0} to import', count),
    ignored: () => t('not shared'),
    share: () => t('{0} to share', count),
    send: () => t('{0} to send', count),
    fetch: () => t('{0} to fetch', count),
    unlisted: () => t('{0} not listed', count),
    'damaged-chunks': () => t('{0} damaged', count),
    'deleted-chunks': () => t('{0} deleted', count),
    'missing-chunks': () => t('{0} missing', count),
    commit: () => t('commit to share'),
    program: () => t('read-only'),
    'read-only': () => t('read-only'),
    restricted: () => t('restricted'),
    'absent-on-branch': () => t('not on this branch'),
    'not-a-folder': () => t('.engram is no folder'),
    foreign: () => t('not ours'),
    opening: () => '',
    'nothing-yet': () => t('nothing yet'),
    'in-cloud': () => t('synced'),
    synced: () => t('synced'),
    absent: () => '',
  };
  return words[kind]();
}

function runningText(t: Translate, { kind, done, total }: Activity): string {
  const counted = total > 0;
  switch (kind) {
    case 'importing':
      return counted ? t('importing {0}/{1}', done, total) : t('importing');
    case 'exporting':
      return counted ? t('exporting {0}/{1}', done, total) : t('exporting');
    case 'saving':
      return t('saving');
    case 'healing':
      return t('repairing');
    default:
      return counted ? t('syncing {0}/{1}', done, total) : t('syncing');
  }
}

/** The folder's state as one sentence; a list of folders is made of these. */
export function sentenceOf(t: Translate, { kind, count }: Condition, { failure, activity }: SessionSnapshot): string {
  const sentences: Readonly<Record<ConditionKind, () => string>> = {
    running: () => t('Working: {0}.', runningText(t, activity)),
    conflict: () => t('Git could not merge manifest.json. Nothing is lost: a repair lists the chunks of both sides.'),
    'manifest-damaged': () => t('manifest.json cannot be read. Nothing is lost: a repair writes it anew.'),
    'manifest-unusable': () => t('manifest.json cannot be used. Chunks are still imported, nothing is exported.'),
    'database-blocked': () => t('The database cannot be used, so nothing is imported or exported.'),
    'disk-full': () => t('The disk is full. Nothing was lost; make room and sync again.'),
    failed: () => (failure ? plain(failure.message, SENTENCE_LENGTH) : t('The last sync failed.')),
    pending: () =>
      count === 1 ? t('1 chunk of your team waits to be imported.') : t('{0} chunks of your team wait to be imported.', count),
    'program-pending': () =>
      count === 1
        ? t('1 chunk of your team waits. The engram program imports it when you say so.')
        : t('{0} chunks of your team wait. The engram program imports them when you say so.', count),
    ignored: () => t('Git ignores this .engram folder, so nothing in it is shared.'),
    share: () => (count === 1 ? t('1 change is not shared yet.') : t('{0} changes are not shared yet.', count)),
    send: () => (count === 1 ? t('1 change waits to be sent to the cloud.') : t('{0} changes wait to be sent to the cloud.', count)),
    fetch: () => (count === 1 ? t('1 chunk of your team waits in the cloud.') : t('{0} chunks of your team wait in the cloud.', count)),
    unlisted: () =>
      count === 1
        ? t('1 chunk is here that manifest.json does not list.')
        : t('{0} chunks are here that manifest.json does not list.', count),
    'damaged-chunks': () => (count === 1 ? t('1 chunk cannot be read.') : t('{0} chunks cannot be read.', count)),
    'deleted-chunks': () =>
      count === 1 ? t('1 chunk that git has was deleted here.') : t('{0} chunks that git has were deleted here.', count),
    'missing-chunks': () =>
      count === 1
        ? t('1 chunk is listed, but its file is not here yet.')
        : t('{0} chunks are listed, but their files are not here yet.', count),
    commit: () => t('Everything is written. Commit and push .engram to share it.'),
    program: () => t('The memories are shown read-only here. The engram program changes them when you sync, save, edit or delete.'),
    'read-only': () => t('This folder can be read, not written.'),
    restricted: () => t('Restricted Mode: chunks can be looked at, nothing is imported or exported.'),
    'absent-on-branch': () => t('This branch has no .engram folder; another branch has one.'),
    'not-a-folder': () => t('.engram is a file or a link, not a folder. It is never followed.'),
    foreign: () => t('The .engram folder here belongs to another tool. Nothing in it is touched.'),
    opening: () => t('Reading the folder.'),
    'nothing-yet': () => t('Nothing is shared yet. Save a memory to begin.'),
    'in-cloud': () => t('The cloud has everything that you share.'),
    synced: () => t('Everything is imported and shared.'),
    absent: () => t('There is no .engram folder here.'),
  };
  return sentences[kind]();
}

function clickOf(t: Translate, kind: ConditionKind): { readonly command: string | undefined; readonly hint: string } {
  switch (kind) {
    case 'running':
    case 'opening':
    case 'absent':
      return { command: undefined, hint: '' };
    case 'restricted':
      return { command: 'workbench.trust.manage', hint: t('Click to manage Workspace Trust') };
    case 'commit':
      return { command: 'engram.syncAll', hint: t('Click to sync again') };
    case 'pending':
      return { command: 'engram.syncAll', hint: t('Click to import and share') };
    case 'program-pending':
    case 'program':
      return { command: 'engram.syncAll', hint: t('Click to sync with the engram program') };
    case 'share':
      return { command: 'engram.syncAll', hint: t('Click to write what is new into a chunk') };
    case 'send':
    case 'fetch':
    case 'in-cloud':
      return { command: 'engram.syncCloud', hint: t('Click to sync with the cloud') };
    case 'conflict':
    case 'manifest-damaged':
      return { command: 'engram.repairManifest', hint: t('Click to repair') };
    case 'missing-chunks':
      return { command: 'engram.repairManifest', hint: t('Click to look in git’s history') };
    case 'unlisted':
      return { command: 'engram.syncAll', hint: t('Click to list and share') };
    case 'manifest-unusable':
    case 'damaged-chunks':
    case 'database-blocked':
    case 'absent-on-branch':
    case 'not-a-folder':
    case 'foreign':
    case 'read-only':
    case 'deleted-chunks':
    case 'ignored':
      return { command: 'engram.chunks.focus', hint: t('Click to see what can be done') };
    default:
      return { command: 'engram.syncAll', hint: t('Click to sync') };
  }
}

/** The badge's tooltip. */
export function waitingText(t: Translate, chunks: number): string {
  return t('{0} waiting to be imported', chunkCount(t, chunks));
}
