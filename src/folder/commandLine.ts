import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { EngramError } from '../engine/errors.ts';
import { DEFAULT_LIMITS, type ExportOptions, type FolderOptions, type NewMemory } from '../engine/folderRequests.ts';
import type { ImportSummary } from '../engine/folderState.ts';
import { visible } from '../engine/readable.ts';
import { type MemoryFolder, openMemoryFolder } from '../openFolder.ts';
import { dataDirectory } from './cloudConfig.ts';
import { type Answer, type Command, EXIT, type Values } from './commandAnswer.ts';
import { CLOUD_USAGES, type CloudSetting, cloudSetting, runCloud } from './commandCloud.ts';
import { runDoctor } from './commandDoctor.ts';
import { exportLines, importLines, previewLines, statusLines } from './commandText.ts';
import { healLines, runMergeDriver, runRepair } from './healCommands.ts';

export interface CommandLineEnvironment {
  /** Absolute path of `sql-wasm.wasm`. */
  readonly wasmPath: string;
  readonly version: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

const OPTIONS = {
  dir: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  project: { type: 'string' },
  'created-by': { type: 'string' },
  'include-personal': { type: 'boolean' },
  'include-deleted': { type: 'boolean' },
  'no-prompts': { type: 'boolean' },
  preview: { type: 'boolean' },
  title: { type: 'string' },
  content: { type: 'string' },
  type: { type: 'string' },
  scope: { type: 'string' },
  topic: { type: 'string' },
  limit: { type: 'string' },
  database: { type: 'string' },
  'other-projects': { type: 'boolean' },
  fix: { type: 'boolean' },
  server: { type: 'string' },
  apply: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

const COMMANDS: Readonly<Record<string, Command>> = {
  init: { usage: 'init', run: runInit },
  status: { usage: 'status', run: runStatus },
  sync: { usage: 'sync [--no-prompts] [--project P] [--created-by NAME] [--include-personal] [--include-deleted]', run: runSync },
  import: { usage: 'import [CHUNK…] [--other-projects]', run: runImport },
  undo: { usage: 'undo CHUNK', run: runUndo },
  export: {
    usage: 'export [--preview] [--no-prompts] [--project P] [--created-by NAME] [--include-personal] [--include-deleted]',
    run: runExport,
  },
  doctor: { usage: 'doctor [--fix]', run: runDoctor },
  save: { usage: 'save --title T --content C [--type T] [--project P] [--scope project|personal] [--topic K]', run: runSave },
  edit: { usage: 'edit MEMORY [--title T] [--content C] [--type T] [--project P] [--scope S] [--topic K]', run: runEdit },
  delete: { usage: 'delete MEMORY', run: runDelete },
  repair: { usage: 'repair', run: runRepair },
  'merge-driver': {
    usage: 'merge-driver install|remove|status|run BASE OURS THEIRS',
    run: (folder, _values, words) => runMergeDriver(folder, words),
  },
  search: { usage: 'search WORDS… [--type T] [--project P] [--limit N]', run: runSearch },
};

/** Commands of their own, because only they need what is configured for the cloud. */
const CLOUD = 'cloud';

/** Runs one command and gives its exit code; prints to `out`, errors to `err`, with `--json` one JSON value to `out`. */
export async function runCommandLine(args: readonly string[], environment: CommandLineEnvironment): Promise<number> {
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    environment.err(error instanceof Error ? error.message : String(error));
    return EXIT.usage;
  }
  const { values, positionals } = parsed;
  const [name, ...words] = positionals;
  if (values['version']) return print(environment, environment.version);
  if (values['help'] || name === undefined) return print(environment, help(), values['help'] ? EXIT.ok : EXIT.usage);
  const command = COMMANDS[name];
  if (command)
    return answered(values, environment, () => inFolder({ values, environment }, (folder) => command.run(folder, values, words)));
  if (name === CLOUD) {
    return answered(values, environment, async () => {
      const cloud = await cloudSetting(environment.env, text(values, 'project') ?? '');
      return inFolder({ values, environment, cloud }, (folder) => runCloud(folder, values, words, cloud));
    });
  }
  environment.err(`Unknown command: ${name}. See --help.`);
  return EXIT.usage;
}

async function inFolder<T>(
  call: { values: Values; environment: CommandLineEnvironment; cloud?: CloudSetting },
  work: (folder: MemoryFolder) => Promise<T>,
): Promise<T> {
  const { values, environment, cloud } = call;
  const options = {
    ...optionsFor(findRoot(text(values, 'dir'), environment.cwd)),
    ...memoriesOf(values),
    ...(cloud && { cloud: cloud.options }),
  };
  const folder = openMemoryFolder(options, {
    wasmPath: environment.wasmPath,
    log: (level, message) => (level === 'error' || level === 'warn' ? environment.err(message) : undefined),
    onReading: () => undefined,
    quarantined: () => false,
    dataDirectory: () => dataDirectory(environment.env),
    ...(cloud?.http && { http: cloud.http }),
  });
  try {
    return await work(folder);
  } finally {
    await folder.close();
  }
}

/** Which memories. With the live ones `--project` says what the folder shares, whatever the command. @throws {EngramError} invalid-input */
function memoriesOf(values: Values): Pick<FolderOptions, 'database' | 'project'> {
  const database = text(values, 'database') ?? 'workspace';
  if (database !== 'workspace' && database !== 'live' && database !== 'auto') {
    throw new EngramError('invalid-input', '--database is workspace, live or auto.');
  }
  const project = text(values, 'project');
  return { database, ...(project !== undefined && database !== 'workspace' && { project }) };
}

/** Prints what a command answers, or why it failed. @returns the exit code */
async function answered(values: Values, environment: CommandLineEnvironment, run: () => Promise<Answer>): Promise<number> {
  const asJson = values['json'] === true;
  try {
    const answer = await run();
    if (asJson) environment.out(JSON.stringify(answer.json, undefined, 2));
    else for (const line of answer.lines) environment.out(line);
    return answer.exitCode ?? EXIT.ok;
  } catch (error) {
    if (!EngramError.is(error)) throw error;
    environment.err(`${error.message} [${error.code}]`);
    if (asJson)
      environment.out(JSON.stringify({ error: { code: error.code, message: error.message, subject: error.subject } }, undefined, 2));
    return error.code === 'invalid-input' ? EXIT.usage : EXIT.failed;
  }
}

async function runInit(folder: MemoryFolder): Promise<Answer> {
  await folder.initialise();
  return { json: { initialised: true }, lines: ['Initialized .engram. Save a memory, then sync.'] };
}

async function runStatus(folder: MemoryFolder): Promise<Answer> {
  const state = await folder.state();
  return { json: state, lines: statusLines(state), exitCode: state.folder === 'ok' ? EXIT.ok : EXIT.failed };
}

async function runSync(folder: MemoryFolder, values: Values): Promise<Answer> {
  const { imported, healed, exported } = await folder.sync(exportOptions(values));
  const lines = [...importLines(imported), ...(healed ? healLines(healed) : []), ...exportLines(exported)];
  return { json: { imported, ...(healed && { healed }), exported }, lines, exitCode: exitCodeOf(imported) };
}

async function runImport(folder: MemoryFolder, values: Values, words: readonly string[]): Promise<Answer> {
  const otherProjects = values['other-projects'] === true;
  if (otherProjects && words.length === 0)
    throw new EngramError('invalid-input', '--other-projects takes chunks by their ids: look at them first.');
  const imported = await folder.importChunks({ ...(words.length > 0 && { ids: words }), ...(otherProjects && { otherProjects }) });
  return { json: imported, lines: importLines(imported), exitCode: exitCodeOf(imported) };
}

async function runUndo(folder: MemoryFolder, _values: Values, words: readonly string[]): Promise<Answer> {
  const undone = await folder.undoImport(oneWord(words, 'Name one chunk by its id (status --json lists them).'));
  const { memories, prompts, relations, back, returned, kept } = undone;
  const went = `${memories} memories, ${prompts} prompts and ${relations} relations removed, ${back} back to an earlier version, ${returned} no longer deleted`;
  const stayed = kept > 0 ? [`${kept} stay as they are: the chunk with their earlier version cannot be read.`] : [];
  return { json: undone, lines: [`Undone: ${went}.`, ...stayed, 'Import the chunk by its id to get it again.'] };
}

async function runExport(folder: MemoryFolder, values: Values): Promise<Answer> {
  if (values['preview'] === true) {
    const preview = await folder.exportPreview(exportOptions(values));
    return { json: preview, lines: previewLines(preview) };
  }
  const exported = await folder.exportNew(exportOptions(values));
  return { json: exported, lines: exportLines(exported) };
}

async function runSave(folder: MemoryFolder, values: Values): Promise<Answer> {
  const saved = await folder.save({ title: '', content: '', ...memoryFields(values) });
  return { json: saved, lines: [`Saved ${saved.syncId} (${saved.outcome}).`] };
}

async function runEdit(folder: MemoryFolder, values: Values, words: readonly string[]): Promise<Answer> {
  const saved = await folder.edit(oneWord(words), memoryFields(values));
  return { json: saved, lines: [`Changed ${saved.syncId}.`] };
}

async function runDelete(folder: MemoryFolder, _values: Values, words: readonly string[]): Promise<Answer> {
  const saved = await folder.remove(oneWord(words));
  return { json: saved, lines: [`Deleted ${saved.syncId}.`] };
}

async function runSearch(folder: MemoryFolder, values: Values, words: readonly string[]): Promise<Answer> {
  const type = text(values, 'type');
  const project = text(values, 'project');
  const limit = Number(text(values, 'limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1) throw new EngramError('invalid-input', '--limit takes a whole number from 1.');
  const hits = await folder.search(words.join(' '), { limit, ...(type && { type }), ...(project && { project }) });
  const lines = hits.map((hit) => visible(`${hit.syncId}  ${hit.type}  ${hit.title}`).replaceAll('\n', ' '));
  return { json: hits, lines: lines.length > 0 ? lines : ['Nothing found.'] };
}

function exitCodeOf(summary: ImportSummary): number {
  return summary.problems.some((problem) => problem.severity !== 'info') ? EXIT.incomplete : EXIT.ok;
}

function exportOptions(values: Values): ExportOptions {
  const project = text(values, 'project');
  const createdBy = text(values, 'created-by');
  return {
    ...(project !== undefined && { project }),
    ...(createdBy !== undefined && { createdBy }),
    ...(values['include-personal'] === true && { includePersonal: true }),
    ...(values['include-deleted'] === true && { includeDeleted: true }),
    ...(values['no-prompts'] === true && { includePrompts: false }),
  };
}

function memoryFields(values: Values): Partial<NewMemory> {
  const scope = text(values, 'scope');
  if (scope !== undefined && scope !== 'project' && scope !== 'personal')
    throw new EngramError('invalid-input', '--scope is project or personal.');
  const topicKey = text(values, 'topic');
  const fields = (['title', 'content', 'type', 'project'] as const).flatMap((key) => {
    const value = text(values, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...Object.fromEntries(fields), ...(scope !== undefined && { scope }), ...(topicKey !== undefined && { topicKey }) };
}

function oneWord(words: readonly string[], wanted = 'Name one memory by its id (search prints them).'): string {
  const [word] = words;
  if (word === undefined || words.length > 1) throw new EngramError('invalid-input', wanted);
  return word;
}

function text(values: Values, key: string): string | undefined {
  const value = values[key];
  return typeof value === 'string' ? value : undefined;
}

/** `--dir` names the folder that holds `.engram`, or `.engram` itself; without it the nearest one up to the root of the git repository. */
function findRoot(dir: string | undefined, cwd: string): string {
  if (dir !== undefined) {
    const path = resolve(cwd, dir);
    return basename(path) === '.engram' ? path : join(path, '.engram');
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.engram'))) return join(folder, '.engram');
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return join(cwd, '.engram');
  }
}

function optionsFor(root: string): FolderOptions {
  return {
    root,
    trusted: true,
    gitPath: '',
    limits: DEFAULT_LIMITS,
    author: '',
    includePersonal: false,
    sessionId: `vscode-cli-${randomUUID()}`,
    keepFolder: '',
  };
}

function help(): string {
  const all = [...Object.values(COMMANDS).map(({ usage }) => usage), ...CLOUD_USAGES];
  const usages = all.map((usage) => `  engram-memory ${usage}`);
  return [
    'Shares the memories of AI coding agents through the .engram folder of a git repository.',
    '',
    ...usages,
    '',
    '  --dir FOLDER   the folder that holds .engram (default: the nearest one, up to the root of the repository)',
    '  --database D   workspace: the folder’s own memories (default); live: those of the Engram program (ENGRAM_DATA_DIR, else ~/.engram),',
    '                 of which only this project’s are shared; auto: the live ones where there are any',
    '  --json         one JSON value instead of lines',
    '',
    'Exit codes: 0 done, or healthy; 1 failed; 2 wrong usage; 3 done but for what needs a person: chunks that could not be imported or found, findings of the doctor.',
  ].join('\n');
}

function print(environment: CommandLineEnvironment, line: string, exitCode: number = EXIT.ok): number {
  environment.out(line);
  return exitCode;
}
