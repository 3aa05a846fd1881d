import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const START_MS = 30_000;
/** PostgreSQL refuses to run as root; `nobody` of the usual systems. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** Where the programs of PostgreSQL are. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  readonly psql: string;
}

/**
 * The PostgreSQL of this machine; where there is none, and this is root on a system with apt, it is installed.
 *
 * @returns the reason why there is none, in words
 */
export function findPostgres(): PostgresPrograms | string {
  if (process.platform === 'win32') return 'no PostgreSQL is looked for on Windows';
  const found = installed();
  if (found !== undefined) return found;
  if (!isRoot) return 'no PostgreSQL is installed (initdb, postgres and psql), and only root can install one';
  const script = 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql';
  const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 300_000 });
  return installed() ?? `no PostgreSQL is installed, and installing it ended with ${status}: ${stderr?.trim().split('\n').at(-1) ?? ''}`;
}

function installed(): PostgresPrograms | undefined {
  // Debian keeps all but psql out of the PATH; the newest release first.
  const debian = '/usr/lib/postgresql';
  const releases = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const homebrew = ['/opt/homebrew/bin', '/usr/local/bin'];
  const folders = [
    ...releases.map((release) => join(debian, release, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...homebrew,
  ];
  const folder = folders.find((one) => one !== '' && ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(one, name))));
  if (folder === undefined) return undefined;
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres'), psql: join(folder, 'psql') };
}

/** A PostgreSQL server of this test's own, on a free port of this machine, which forgets everything at its end. */
export class Postgres {
  readonly #programs: PostgresPrograms;
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #port: number;
  #databases = 0;

  private constructor(of: { programs: PostgresPrograms; folder: string; server: ChildProcess; port: number }) {
    this.#programs = of.programs;
    this.#folder = of.folder;
    this.#server = of.server;
    this.#port = of.port;
  }

  /** @throws {Error} with what it said where it does not start */
  static async start(programs: PostgresPrograms): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'engram-postgres-'));
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    const data = join(folder, 'data');
    const how = ['-D', data, '-U', 'engram', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    await promisify(execFile)(programs.initdb, how, { ...asNobody, cwd: folder });
    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off', 'full_page_writes=off'];
    const server = spawn(programs.postgres, ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])], {
      ...asNobody,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: Buffer[] = [];
    server.stderr?.on('data', (data: Buffer) => said.push(data));
    const postgres = new Postgres({ programs, folder, server, port });
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(50)) {
      if (server.exitCode !== null) break;
      if (await postgres.query('postgres', 'SELECT 1').catch(() => undefined)) return postgres;
    }
    await postgres.stop();
    throw new Error(`PostgreSQL does not start: ${Buffer.concat(said).toString()}`);
  }

  /** Resolves to the name of a new, empty database. */
  async newDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `engram_${this.#databases}`;
    await this.query('postgres', `CREATE DATABASE ${name}`);
    return name;
  }

  /** What Go programs are told. */
  dsn(database: string): string {
    return `postgres://engram@127.0.0.1:${this.#port}/${database}?sslmode=disable`;
  }

  /** Resolves to the answer as text: a line for each row, `|` between columns. */
  async query(database: string, sql: string): Promise<string> {
    const where = ['-h', '127.0.0.1', '-p', String(this.#port), '-U', 'engram', '-d', database];
    const options = { maxBuffer: 1 << 28 };
    const { stdout } = await promisify(execFile)(
      this.#programs.psql,
      [...where, '-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql],
      options,
    );
    return stdout.trimEnd();
  }

  async stop(): Promise<void> {
    await endOf(this.#server, 'SIGINT');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Sends the signal, and resolves when the process has ended. */
export async function endOf(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await Promise.race([ended, sleep(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
}

/** A TCP port of this machine that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
