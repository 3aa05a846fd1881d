import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endOf, freePort, type Postgres } from './postgres.ts';
import { type EngramProgram, programEnvironment } from './programs.ts';

const START_MS = 20_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** `engram cloud serve` of a real program over a database of its own. */
export class CloudServer {
  readonly program: EngramProgram;
  readonly url: string;
  readonly token: string;
  readonly #process: ChildProcess;
  readonly #home: string;
  readonly #postgres: Postgres;
  readonly #database: string;

  private constructor(of: {
    program: EngramProgram;
    url: string;
    token: string;
    process: ChildProcess;
    home: string;
    postgres: Postgres;
    database: string;
  }) {
    this.program = of.program;
    this.url = of.url;
    this.token = of.token;
    this.#process = of.process;
    this.#home = of.home;
    this.#postgres = of.postgres;
    this.#database = of.database;
  }

  /** @param projects its allow-list @throws {Error} with what it said where it does not start */
  static async start(program: EngramProgram, postgres: Postgres, projects: readonly string[]): Promise<CloudServer> {
    const home = mkdtempSync(join(tmpdir(), 'engram-cloud-'));
    const database = await postgres.newDatabase();
    const port = await freePort();
    const token = 'token-of-the-test';
    const env = {
      ...programEnvironment(home, home),
      ENGRAM_DATABASE_URL: postgres.dsn(database),
      ENGRAM_CLOUD_HOST: '127.0.0.1',
      ENGRAM_PORT: String(port),
      ENGRAM_CLOUD_TOKEN: token,
      ENGRAM_CLOUD_ALLOWED_PROJECTS: projects.join(','),
      ENGRAM_JWT_SECRET: 'a secret of the test, long enough for the server',
    };
    const child = spawn(program.path, ['cloud', 'serve'], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => said.push(data));
    const server = new CloudServer({ program, url: `http://127.0.0.1:${port}`, token, process: child, home, postgres, database });
    for (const end = Date.now() + START_MS; Date.now() < end && child.exitCode === null; await sleep(50)) {
      if ((await server.get('/health').catch(() => undefined))?.status === 200) return server;
    }
    await server.stop();
    throw new Error(`engram cloud serve does not start: ${Buffer.concat(said).toString()}`);
  }

  get(path: string): Promise<Answer> {
    return this.#send(path, { method: 'GET' });
  }

  post(path: string, body: string | Uint8Array): Promise<Answer> {
    return this.#send(path, { method: 'POST', body: Buffer.from(body) });
  }

  /** Resolves to the list of a project's chunks, by the time of their arrival. */
  async chunks(project: string): Promise<readonly { readonly id: string; readonly created_by: string }[]> {
    return JSON.parse((await this.get(`/sync/pull?project=${project}`)).text).chunks;
  }

  /** Resolves to what its database answers, a line for each row. */
  query(sql: string): Promise<string> {
    return this.#postgres.query(this.#database, sql);
  }

  async stop(): Promise<void> {
    await endOf(this.#process, 'SIGKILL');
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #send(path: string, init: { readonly method: string; readonly body?: Buffer<ArrayBuffer> }): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, { ...init, headers: { authorization: `Bearer ${this.token}` } });
    return { status: response.status, text: await response.text() };
  }
}
