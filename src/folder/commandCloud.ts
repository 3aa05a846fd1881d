import { nodeHttp } from '../adapters/nodeHttp.ts';
import type { Http } from '../engine/cloud/cloudPorts.ts';
import type { CloudOptions, CloudState, CloudUpgradeReport, CloudUpgradeStep } from '../engine/cloud/cloudState.ts';
import { formatGoUrl, parseGoUrl } from '../engine/cloud/goUrl.ts';
import { serverUrlProblem, validateServerUrl } from '../engine/cloud/serverUrl.ts';
import { EngramError } from '../engine/errors.ts';
import { goTrim, normalizeProject } from '../engine/goText.ts';
import { visible } from '../engine/readable.ts';
import type { MemoryFolder } from '../openFolder.ts';
import { CloudJson, dataDirectory } from './cloudConfig.ts';
import { type Answer, EXIT, type Values } from './commandAnswer.ts';

/** What the command line knows of the cloud, from the environment and the Engram program's `cloud.json`. */
export interface CloudSetting {
  readonly options: CloudOptions;
  /** `undefined` where no server is configured. */
  readonly http: Http | undefined;
  readonly source: 'ENGRAM_CLOUD_SERVER' | 'cloud.json' | '';
  readonly hasToken: boolean;
  readonly config: CloudJson;
}

export const CLOUD_USAGES: readonly string[] = [
  'cloud status [--project P]',
  'cloud config --server URL',
  'cloud enroll [P] | cloud unenroll [P]',
  'cloud sync [--project P] [--created-by NAME] [--include-personal]',
  'cloud upgrade doctor|repair [--apply]|bootstrap|status|rollback [--project P]',
];

/** As the Go program: the environment before the file, and the token from the environment alone. @throws {EngramError} cloud-config and those of reading */
export async function cloudSetting(env: NodeJS.ProcessEnv, project: string): Promise<CloudSetting> {
  const config = new CloudJson(() => dataDirectory(env));
  const fromEnvironment = goTrim(env['ENGRAM_CLOUD_SERVER'] ?? '');
  const server = fromEnvironment || (await config.settings()).serverUrl;
  const token = goTrim(env['ENGRAM_CLOUD_TOKEN'] ?? '');
  const source = server === '' ? '' : fromEnvironment === '' ? 'cloud.json' : 'ENGRAM_CLOUD_SERVER';
  const http = server === '' ? undefined : lazily(() => nodeHttp({ server, token: () => token }));
  return { options: { server, project, autosync: false }, http, source, hasToken: token !== '', config };
}

/** An address that cannot be used is told by the command that needs it, and by no other. */
function lazily(make: () => Http): Http {
  return { send: async (request, signal) => make().send(request, signal) };
}

/** `cloud …`. @param setting with which the folder was opened */
export async function runCloud(folder: MemoryFolder, values: Values, words: readonly string[], setting: CloudSetting): Promise<Answer> {
  const [command = '', ...rest] = words;
  switch (command) {
    case 'status':
      return status(folder, setting);
    case 'config':
      return configure(setting, values);
    case 'enroll':
      await folder.cloudEnroll(rest.join(' '));
      return enrolment(folder, rest.join(' '), true);
    case 'unenroll':
      await folder.cloudUnenroll(rest.join(' '));
      return enrolment(folder, rest.join(' '), false);
    case 'sync':
      return sync(folder, values, setting);
    case 'upgrade':
      return upgrade(folder, values, rest);
  }
  throw new EngramError('invalid-input', `Say what: ${CLOUD_USAGES.join('; ')}.`);
}

async function status(folder: MemoryFolder, { source, hasToken, options }: CloudSetting): Promise<Answer> {
  if ((await folder.cloudState()).enrolled && options.server !== '') await folder.cloudAsk();
  const state = await folder.cloudState();
  const problem = state.asked?.problem;
  return {
    json: { ...state, source, token: hasToken },
    lines: [...statusLines(state, source, hasToken), ...(problem ? [`! ${problem.message} [${problem.code}]`] : [])].map(oneLine),
    exitCode: problem ? EXIT.incomplete : EXIT.ok,
  };
}

function statusLines(state: CloudState, source: string, hasToken: boolean): string[] {
  const { server, project, enrolled, toSend, asked, sync, upgrade: step } = state;
  const reason = sync?.reasonCode ? ` (${sync.reasonCode}: ${sync.reasonMessage || sync.lastError})` : '';
  return [
    server === '' ? 'Server:     none. Run: engram-memory cloud config --server URL' : `Server:     ${server} (${source})`,
    `Token:      ${hasToken ? 'in ENGRAM_CLOUD_TOKEN' : 'none; set ENGRAM_CLOUD_TOKEN where the server wants one'}`,
    `Project:    ${project} (${enrolled ? 'enrolled' : 'not enrolled'})`,
    ...(enrolled ? [`To send:    ${toSend}`] : []),
    ...(asked && !asked.problem ? [`To fetch:   ${asked.toFetch} chunks`] : []),
    ...(sync ? [`Last state: ${sync.lifecycle}, ${sync.updatedAt}${reason}`] : []),
    ...(step ? [`Upgrade:    ${step.stage}`] : []),
  ];
}

async function configure({ config }: CloudSetting, values: Values): Promise<Answer> {
  const given = values['server'];
  if (typeof given !== 'string') throw new EngramError('invalid-input', 'Say where the server is: cloud config --server URL.');
  const problem = serverUrlProblem(given, 'command-line');
  if (problem !== undefined) throw new EngramError('invalid-input', `${problem}. Nothing was written.`);
  validateServerUrl(given, 'command-line');
  // As the Go program stores it: in its own writing, slashes at the end included.
  const server = formatGoUrl(parseGoUrl(goTrim(given), true));
  await config.setServer(server);
  return { json: { server }, lines: [`The cloud server is ${server}. The token comes from ENGRAM_CLOUD_TOKEN.`] };
}

async function enrolment(folder: MemoryFolder, name: string, enrolled: boolean): Promise<Answer> {
  const project = normalizeProject(name).normalized || (await folder.cloudState()).project;
  return {
    json: { project, enrolled },
    lines: [oneLine(`The project ${project} ${enrolled ? 'is enrolled' : 'takes no part any more'}.`)],
  };
}

async function sync(folder: MemoryFolder, values: Values, { options }: CloudSetting): Promise<Answer> {
  if (options.server === '') {
    throw new EngramError(
      'cloud-config',
      'No cloud server is configured, so nothing was sent. Run: engram-memory cloud config --server URL',
    );
  }
  const createdBy = values['created-by'];
  const { imported, exported } = await folder.cloudSync({
    ...(typeof createdBy === 'string' && { createdBy }),
    ...(values['include-personal'] === true && { includePersonal: true }),
  });
  const fetched = `Fetched ${imported.chunks} chunks: ${imported.memories} memories, ${imported.sessions} sessions, ${imported.prompts} prompts, ${imported.edits} changed, ${imported.deletes} deleted.`;
  const sent =
    exported.chunkIds.length === 0
      ? 'Nothing new to send.'
      : `Sent ${exported.chunkIds.join(', ')}: ${exported.memories} memories, ${exported.sessions} sessions, ${exported.prompts} prompts, ${exported.mutations} changes.`;
  const { problems } = imported;
  return {
    json: { imported, exported },
    lines: [fetched, sent, ...problems.map(({ message, code }) => oneLine(`! ${message} [${code}]`))],
    exitCode: problems.some(({ severity }) => severity !== 'info') ? EXIT.incomplete : EXIT.ok,
  };
}

const STEPS: ReadonlySet<string> = new Set<CloudUpgradeStep>(['doctor', 'repair', 'bootstrap', 'rollback']);

async function upgrade(folder: MemoryFolder, values: Values, words: readonly string[]): Promise<Answer> {
  const [step = '', ...more] = words;
  if (step === 'status' && more.length === 0) return upgradeStatus(await folder.cloudState());
  if (!isStep(step) || more.length > 0)
    throw new EngramError('invalid-input', 'Say which step: doctor, repair, bootstrap, status or rollback.');
  const report = await folder.cloudUpgrade(step, { planOnly: values['apply'] !== true });
  return { json: report, lines: reportLines(report), exitCode: report.status === 'blocked' ? EXIT.incomplete : EXIT.ok };
}

function isStep(word: string): word is CloudUpgradeStep {
  return STEPS.has(word);
}

function upgradeStatus({ project, upgrade: note }: CloudState): Answer {
  const stage = note?.stage ?? 'planned';
  const reason = note && note.reasonCode !== '' ? [`reason_code: ${note.reasonCode}`, `reason_message: ${note.reasonMessage}`] : [];
  return { json: { project, stage, ...note }, lines: [`project: ${project}`, `stage: ${stage}`, ...reason].map(oneLine) };
}

/** The names of the Go program's command line. */
function reportLines(report: CloudUpgradeReport): string[] {
  const { project, status: outcome, class: reasonClass, reasonCode, message, applied, stage } = report;
  return [
    `project: ${project}`,
    `status: ${outcome}`,
    ...(reasonClass === '' ? [] : [`class: ${reasonClass}`, `reason_code: ${reasonCode}`, `message: ${message}`]),
    `applied: ${applied}`,
    `stage: ${stage}`,
  ].map(oneLine);
}

function oneLine(text: string): string {
  return visible(text).replaceAll('\n', ' ');
}
