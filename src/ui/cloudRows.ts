import type { AutomaticRun, SessionSnapshot } from '../host/session.ts';
import { type CloudCondition, type CloudPlace, cloudConditionOf, NEXT } from './cloudCondition.ts';
import { type CloudSubject, cloudHeadline, cloudNext, cloudSentence, hostOf } from './cloudText.ts';
import { folderRow } from './folderRow.ts';
import type { Calendar } from './moments.ts';
import { momentText } from './moments.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from './plainText.ts';
import { perFolder, type Row, type RowIcon, type RowSource } from './rows.ts';
import { cloudSyncText } from './summaries.ts';
import type { Translate } from './translate.ts';

export interface CloudDrawing {
  readonly t: Translate;
  readonly calendar: Calendar;
  readonly place: CloudPlace;
  readonly nowMs: number;
}

/** The view *Cloud*: for each folder its state and the one next action, then what it is about. `[]` where no server is configured. */
export function cloudRows(drawing: CloudDrawing, folders: readonly RowSource<SessionSnapshot>[]): readonly Row[] {
  const shown = shownOf(drawing, folders);
  const isOne = shown.length === 1;
  return perFolder(
    shown.map(({ root, snapshot }) => ({
      folder: folderRow(drawing.t, root, snapshot),
      rows: rowsOf(drawing, { root, snapshot, isOne }),
    })),
  );
}

/** The state as a whole sentence, above the rows: there it is never cut. `''` where there is no folder, or several. */
export function cloudMessage(drawing: CloudDrawing, folders: readonly RowSource<SessionSnapshot>[]): string {
  const [only, ...others] = shownOf(drawing, folders);
  if (!only || others.length > 0) return '';
  return cloudSentence(subjectOf(drawing, only.snapshot), cloudConditionOf(drawing.place, only.snapshot));
}

function shownOf({ place }: CloudDrawing, folders: readonly RowSource<SessionSnapshot>[]): readonly RowSource<SessionSnapshot>[] {
  if (place.server === '') return [];
  return folders.filter(({ snapshot }) => snapshot.state?.folder === 'ok' && snapshot.state.mode === 'full');
}

function subjectOf({ t, calendar, place, nowMs }: CloudDrawing, { cloud, automaticRun: run }: SessionSnapshot): CloudSubject {
  return { t, calendar, place, cloud, run, nowMs };
}

/** @param of `isOne`: the sentence stands above the rows, so the state's row does not repeat it */
function rowsOf(drawing: CloudDrawing, of: RowSource<SessionSnapshot> & { readonly isOne: boolean }): readonly Row[] {
  const { t, place } = drawing;
  const { root, snapshot, isOne } = of;
  const { cloud } = snapshot;
  const condition = cloudConditionOf(place, snapshot);
  const subject = subjectOf(drawing, snapshot);
  const state = stateRow(subject, root, condition);
  const rows = [isOne ? { ...state, description: '' } : state, ...nextRows(subject, root, condition), serverRow(drawing, root)];
  if (cloud) rows.push(projectRow(t, root, cloud));
  if (cloud?.upgrade) rows.push(upgradeRow(t, root, cloud.upgrade));
  if (cloud && cloud.promptsHere > 0) rows.push(promptsRow(t, root, cloud.promptsHere));
  if (place.automatic && cloud?.enrolled) rows.push(automaticRow(drawing, root, snapshot));
  return rows;
}

const ICONS: Readonly<Record<CloudCondition, RowIcon>> = {
  opening: { name: 'sync~spin' },
  'no-database': { name: 'warning', color: 'list.warningForeground' },
  'no-token': { name: 'key' },
  unenrolled: { name: 'circle-slash' },
  'token-refused': { name: 'error', color: 'list.errorForeground' },
  'project-refused': { name: 'error', color: 'list.errorForeground' },
  'bad-address': { name: 'error', color: 'list.errorForeground' },
  paused: { name: 'debug-pause' },
  unreachable: { name: 'warning', color: 'list.warningForeground' },
  'strange-answer': { name: 'warning', color: 'list.warningForeground' },
  refused: { name: 'error', color: 'list.errorForeground' },
  'upgrade-blocked': { name: 'warning', color: 'list.warningForeground' },
  'upgrade-ready': { name: 'rocket' },
  'upgrade-unfinished': { name: 'rocket' },
  work: { name: 'cloud-upload' },
  'up-to-date': { name: 'check' },
};

function stateRow(subject: CloudSubject, root: string, condition: CloudCondition): Row {
  const label = cloudHeadline(subject, condition);
  const detail = cloudSentence(subject, condition);
  return {
    id: `cloud:${root}:state`,
    label,
    description: detail,
    tooltip: `${label}\n${detail}`,
    icon: ICONS[condition],
    spoken: `${label}. ${detail}`,
    contextValue: `engram.cloudState.${condition}`,
    target: { kind: 'group' },
    children: [],
  };
}

/** The one thing that leads on, in words: nobody has to guess that a row can be clicked. */
function nextRows({ t }: CloudSubject, root: string, condition: CloudCondition): Row[] {
  const command = NEXT[condition];
  if (command === undefined) return [];
  const label = cloudNext(t, command);
  return [
    {
      id: `cloud:${root}:next`,
      label,
      description: '',
      tooltip: label,
      icon: { name: 'arrow-right', color: 'textLink.foreground' },
      spoken: t('Next: {0}', label),
      contextValue: 'engram.cloudNext',
      target: { kind: 'notice', action: { kind: 'cloud', root, command } },
      children: [],
    },
  ];
}

function serverRow({ t, place }: CloudDrawing, root: string): Row {
  const connected = place.isConnected ? t('connected') : t('no token');
  return fact({
    id: `cloud:${root}:server`,
    label: hostOf(place.server),
    description: connected,
    icon: 'server-environment',
    of: t('Server'),
  });
}

function projectRow(t: Translate, root: string, { project, enrolled }: NonNullable<SessionSnapshot['cloud']>): Row {
  return fact({
    id: `cloud:${root}:project`,
    label: plain(project, LABEL_LENGTH),
    description: enrolled ? t('enrolled') : t('not enrolled'),
    icon: 'project',
    of: t('Project'),
  });
}

function upgradeRow(t: Translate, root: string, upgrade: NonNullable<NonNullable<SessionSnapshot['cloud']>['upgrade']>): Row {
  const stages: Readonly<Record<typeof upgrade.stage, () => string>> = {
    planned: () => t('planned'),
    doctor_ready: () => t('diagnosed, ready'),
    doctor_blocked: () => t('diagnosed, something is in the way'),
    repair_applied: () => t('repaired, ready'),
    bootstrap_enrolled: () => t('enrolled, not sent'),
    bootstrap_pushed: () => t('sent, not checked'),
    bootstrap_verified: () => t('done and checked'),
    rolled_back: () => t('rolled back'),
  };
  // Bootstrapping enrolls by itself: that it was not done yet is nothing in the way.
  const isReady = upgrade.reasonCode === 'upgrade_repairable_unenrolled';
  const detail = isReady ? '' : plain(upgrade.reasonMessage, SENTENCE_LENGTH);
  const description = isReady && upgrade.stage === 'doctor_blocked' ? stages.doctor_ready() : stages[upgrade.stage]();
  return fact({ id: `cloud:${root}:upgrade`, label: t('Upgrade'), description, icon: 'milestone', detail });
}

function promptsRow(t: Translate, root: string, count: number): Row {
  const description = count === 1 ? t('1 stays here, as you chose') : t('{0} stay here, as you chose', count);
  return fact({ id: `cloud:${root}:prompts`, label: t('Prompts'), description, icon: 'comment' });
}

function automaticRow({ t, calendar, place }: CloudDrawing, root: string, { automaticRun: run, isConsented }: SessionSnapshot): Row {
  if (!isConsented) return waitingRow(t, root, place.isConnected);
  const did = run ? `${runText(t, run)} · ${momentText(new Date(run.atMs).toISOString(), calendar)}` : t('nothing yet in this window');
  return fact({ id: `cloud:${root}:automatic`, label: t('By itself'), description: did, icon: 'history' });
}

/** The database says that the project is enrolled, and nobody here has: it may have come from elsewhere. */
function waitingRow(t: Translate, root: string, isConnected: boolean): Row {
  const detail = t(
    'The database of this folder says that the project is enrolled, but it may have come from elsewhere. Nothing goes by itself until you have synced once.',
  );
  const next = cloudNext(t, 'engram.syncCloud');
  const row = fact({
    id: `cloud:${root}:automatic`,
    label: t('By itself'),
    description: t('waits for your first sync by hand'),
    icon: 'history',
    detail,
  });
  if (!isConnected) return row;
  const target = { kind: 'notice', action: { kind: 'cloud', root, command: 'engram.syncCloud' } } as const;
  return { ...row, tooltip: `${row.tooltip}\n${next}`, spoken: `${row.spoken} ${next}`, contextValue: 'engram.cloudNext', target };
}

function runText(t: Translate, { outcome }: AutomaticRun): string {
  return 'summary' in outcome ? cloudSyncText(t, outcome.summary) : plain(outcome.problem.message, SENTENCE_LENGTH);
}

/** A row that only tells. `of`: what it is, for those who do not see the icon. */
function fact(row: { id: string; label: string; description: string; icon: string; of?: string; detail?: string }): Row {
  const { id, label, description, icon, of = '', detail = '' } = row;
  const named = of === '' ? label : `${of}: ${label}`;
  return {
    id,
    label,
    description,
    tooltip: [`${named}, ${description}`, detail].filter(Boolean).join('\n'),
    icon: { name: icon },
    spoken: [`${named}, ${description}`, detail].filter(Boolean).join('. '),
    contextValue: 'engram.cloudFact',
    target: { kind: 'group' },
    children: [],
  };
}
