import type { CloudState } from '../engine/cloud/cloudState.ts';
import type { AutomaticRun, Cloud } from '../host/session.ts';
import type { CloudCondition } from './cloudCondition.ts';
import { type Calendar, momentText } from './moments.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from './plainText.ts';
import type { CloudCommand } from './rows.ts';
import type { Translate } from './translate.ts';

/** What a sentence about the cloud may speak of. */
export interface CloudSubject {
  readonly t: Translate;
  readonly calendar: Calendar;
  readonly place: Pick<Cloud, 'server' | 'automatic'>;
  readonly cloud: CloudState | undefined;
  /** What the last automatic sync did. */
  readonly run: AutomaticRun | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A few words: the label of the state's row. */
export function cloudHeadline({ t, cloud }: CloudSubject, condition: CloudCondition): string {
  const headlines: Readonly<Record<CloudCondition, () => string>> = {
    opening: () => t('Reading'),
    'no-database': () => t('Database not usable'),
    'no-token': () => t('No token'),
    unenrolled: () => t('Not enrolled'),
    'token-refused': () => t('Token refused'),
    'project-refused': () => t('Project refused'),
    'bad-address': () => t('Address not usable'),
    paused: () => t('Paused by the server'),
    unreachable: () => t('Cloud not reachable'),
    'strange-answer': () => t('Not understood'),
    refused: () => t('Refused by the cloud'),
    'upgrade-blocked': () => t('Upgrade stopped'),
    'upgrade-ready': () => t('Ready to upgrade'),
    'upgrade-unfinished': () => t('Upgrade not finished'),
    work: () => workText(t, cloud),
    'up-to-date': () => t('Up to date'),
  };
  return headlines[condition]();
}

/** What waits in either direction; one of them must. */
export function workText(t: Translate, cloud: CloudState | undefined): string {
  const toSend = cloud?.toSend ?? 0;
  const toFetch = cloud?.asked?.toFetch ?? 0;
  if (toSend > 0 && toFetch > 0) return t('{0} to send, {1} to fetch', toSend, toFetch);
  return toSend > 0 ? t('{0} to send', toSend) : t('{0} to fetch', toFetch);
}

/** What happened and what is safe, in one or two sentences. */
export function cloudSentence(subject: CloudSubject, condition: CloudCondition): string {
  const { t, place, cloud } = subject;
  const server = hostOf(place.server);
  const project = plain(cloud?.project ?? '', LABEL_LENGTH);
  const sentences: Readonly<Record<CloudCondition, () => string>> = {
    opening: () => t('Reading the folder.'),
    'no-database': () => t('The database cannot be used, so nothing is sent or fetched. The view Chunks says why.'),
    'no-token': () => t('No token was entered for {0}. Nothing is sent or fetched.', server),
    unenrolled: () => t('The project “{0}” takes no part: nothing of it is sent or fetched.', project),
    'token-refused': () => t('The server refuses the token. What you changed is kept here and goes with the next sync.'),
    'project-refused': () =>
      t('The server does not take the project “{0}”. Nothing is lost: ask whoever runs the server to allow it, then sync.', project),
    'bad-address': () => t('The server’s address cannot be used. Nothing was sent.'),
    paused: () => t('The project “{0}” is paused on the server. What you changed is kept here and goes once it is resumed.', project),
    unreachable: () => [t('What you changed is kept here and goes with the next sync.'), nextTry(subject)].filter(Boolean).join(' '),
    'strange-answer': () => t('What answers at {0} is no Engram cloud server, or not in full. What you changed is kept here.', server),
    refused: () => t('The server refuses: {0}. What you changed is kept here.', saidOf(cloud)),
    'upgrade-blocked': () => t('Something has to be done before the project can go to the cloud. Nothing was changed.'),
    'upgrade-ready': () => t('The project “{0}” can go to the cloud: bootstrapping enrolls it and sends everything.', project),
    'upgrade-unfinished': () =>
      cloud?.upgrade?.stage === 'bootstrap_pushed'
        ? t('Everything was sent; what the server has is not checked yet. Bootstrapping goes on where it stopped.')
        : t('The project is enrolled, not everything was sent yet. Bootstrapping goes on where it stopped.'),
    work: () => t('Changes of yours wait to be sent, or your team’s to be fetched.'),
    'up-to-date': () => lastSync(subject),
  };
  return sentences[condition]();
}

/** When an automatic sync comes again after one that failed; by hand it can be tried at any time. */
function nextTry({ t, calendar, place, run, nowMs }: CloudSubject): string {
  if (!place.automatic || !run || 'summary' in run.outcome || run.nextAtMs <= nowMs) return '';
  return t('Next try: {0}.', momentText(new Date(run.nextAtMs).toISOString(), { ...calendar, seconds: true }));
}

function lastSync({ t, calendar, cloud }: CloudSubject): string {
  const at = cloud?.sync?.lifecycle === 'healthy' ? momentText(cloud.sync.updatedAt, calendar) : '';
  return at === '' ? t('Nothing waits to be sent.') : t('The server has everything that you share. Last sync: {0}.', at);
}

function saidOf(cloud: CloudState | undefined): string {
  return plain(cloud?.asked?.problem?.message ?? cloud?.sync?.lastError ?? '', SENTENCE_LENGTH);
}

/** The next thing to do, as a person would be told. */
export function cloudNext(t: Translate, command: CloudCommand): string {
  switch (command) {
    case 'engram.connectCloud':
      return t('Enter address and token…');
    case 'engram.enrollProject':
      return t('Enroll the project…');
    case 'engram.syncCloud':
      return t('Sync with the cloud');
    case 'engram.diagnoseCloudUpgrade':
      return t('Diagnose the upgrade again');
    case 'engram.bootstrapCloud':
      return t('Bootstrap the upgrade…');
  }
}

/** A server in the words of a person: without what stands before and behind its name. */
export function hostOf(server: string): string {
  return plain(URL.canParse(server) ? new URL(server).host : server, LABEL_LENGTH);
}
