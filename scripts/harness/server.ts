import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mustExec } from '../exec.ts';
import { results } from '../paths.ts';
import type { Harness } from './install.ts';

export interface ServerOptions {
  /** Short name for the log file in `test-results`. */
  readonly name: string;
  readonly flags?: readonly string[];
  /** For Node itself; the extension hosts get them, too. (They lose `NODE_OPTIONS`.) */
  readonly nodeFlags?: readonly string[];
  /** Goes over {@link quietSettings}. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Reaches the extension host, and with it the tests that run there. */
  readonly env?: Readonly<Record<string, string>>;
  /** `.vsix` files to install before the start. */
  readonly install?: readonly string[];
  /** Runs the server as this user id. Everything it has to write must belong to that user. */
  readonly uid?: number;
}

export interface Server {
  readonly port: number;
  /** Fresh short folder of this run: home, temporary files and sockets of the server. Gone after {@link stop}. */
  readonly run: string;
  /** Environment for programs that belong to the run, above all the browser. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the extension hosts write their logs. */
  readonly logs: string;
  stop(): Promise<void>;
}

/** Nothing that asks, animates, opens by itself or looks things up; `useModal` off because a modal editor blocks clicks. */
const quietSettings = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.editor.useModal': 'off',
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'remote.autoForwardPorts': false,
  'terminal.integrated.gpuAcceleration': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'always',
};

/** git refuses repositories of another user, and the folders belong to whoever runs the tests. */
const trustEveryOwner = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };

/** A fresh folder with a short path: unix sockets in it may have about 100 characters, and macOS's own temporary folder is long. */
export function shortTemporaryFolder(): string {
  return mkdtempSync('/tmp/eng-');
}

/** Starts a VS Code server on a free port of this machine only, with a profile of its own. */
export async function startServer(harness: Harness, options: ServerOptions): Promise<Server> {
  const run = shortTemporaryFolder();
  const data = path.join(run, 'data');
  const folders = ['--server-data-dir', data, '--extensions-dir', path.join(run, 'extensions')];
  const env = {
    ...process.env,
    // Nobody's name, so that each clone's own git `user.name` is the author.
    USER: 'root',
    TMPDIR: run,
    XDG_RUNTIME_DIR: run,
    HOME: run,
    XDG_CONFIG_HOME: `${run}/c`,
    XDG_CACHE_HOME: `${run}/k`,
    ...options.env,
  };
  if (options.uid !== undefined) Object.assign(env, trustEveryOwner);
  mkdirSync(path.join(data, 'data/User'), { recursive: true });
  mkdirSync(path.join(run, 'extensions'), { recursive: true });
  writeFileSync(path.join(data, 'data/User/settings.json'), JSON.stringify({ ...quietSettings, ...options.settings }));
  for (const vsix of options.install ?? []) {
    await mustExec(harness.node, [harness.server, '--install-extension', vsix, '--force', ...folders], { env });
  }
  if (options.uid !== undefined) await mustExec('chown', ['-R', String(options.uid), run]);
  const fixed = [
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--without-connection-token',
    '--accept-server-license-terms',
    '--telemetry-level',
    'off',
  ];
  const child = spawn(harness.node, [...(options.nodeFlags ?? []), harness.server, ...fixed, ...folders, ...(options.flags ?? [])], {
    detached: true,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  mkdirSync(results, { recursive: true });
  const log = createWriteStream(path.join(results, `server-${options.name}.log`));
  child.stderr.pipe(log, { end: false });
  const group = -(child.pid ?? 0);
  const killGroup = () => {
    signalGroup(group, 'SIGKILL');
    rmSync(run, { recursive: true, force: true });
  };
  process.once('exit', killGroup);
  const port = await portOf(child.stdout, log);
  const stop = async () => {
    await endGroup(group);
    process.removeListener('exit', killGroup);
    log.end();
    rmSync(run, { recursive: true, force: true, maxRetries: 5 });
  };
  return { port, run, env, logs: path.join(data, 'data/logs'), stop };
}

/** The port stands in one line of stdout, 0.1 to 0.2 s after the start. */
function portOf(stdout: NodeJS.ReadableStream, log: NodeJS.WritableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The VS Code server did not start within 30 s')), 30_000);
    let text = '';
    stdout.on('data', (data: Buffer) => {
      log.write(data);
      text += data.toString();
      const port = /Extension host agent listening on (\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** Ends the whole process group and waits for it: the server's children live on for seconds after the server itself, idle, so they are not waited for long. */
async function endGroup(group: number): Promise<void> {
  for (const [signal, waits] of [
    ['SIGTERM', 10],
    ['SIGKILL', 40],
  ] as const) {
    if (!signalGroup(group, signal)) return;
    for (let round = 0; round < waits; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (!signalGroup(group, 0)) return;
    }
  }
}

/** False once nobody of the group is left. Signal 0 only asks. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
