import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../support/folder.ts';
import type { CloudServer } from './cloudServer.ts';
import { freePort } from './postgres.ts';
import type { EngramProgram } from './programs.ts';
import { Teammate } from './teammate.ts';

const START_MS = 20_000;

/** A member of the team who syncs a real Engram program with a cloud server, and writes as agents do: over the program's local HTTP API. */
export class CloudGopher extends Teammate {
  readonly name: string;
  readonly #folder = temporaryFolder();
  #api: string | undefined;

  /** @param more what the program finds in its environment besides */
  constructor(program: EngramProgram, server: CloudServer, name = 'gopher', more: NodeJS.ProcessEnv = {}) {
    super(program, name, { ENGRAM_CLOUD_SERVER: server.url, ENGRAM_CLOUD_TOKEN: server.token, ...more });
    this.name = name;
  }

  async enroll(project: string): Promise<void> {
    await this.run(this.#folder, ['cloud', 'enroll', project]);
  }

  /** Resolves to what the program printed. */
  pull(project: string): Promise<string> {
    return this.run(this.#folder, ['sync', '--cloud', '--import', '--project', project]);
  }

  push(project: string): Promise<string> {
    return this.run(this.#folder, ['sync', '--cloud', '--project', project]);
  }

  /** Asks the local API; its server is started by the first call. @throws {Error} with the answer where it is no success */
  async api(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    this.#api ??= await this.#serve();
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${this.#api}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  async #serve(): Promise<string> {
    const port = await freePort();
    this.start(this.#folder, ['serve', String(port)]);
    const url = `http://127.0.0.1:${port}`;
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(20)) {
      if ((await fetch(`${url}/health`).catch(() => undefined))?.ok) return url;
    }
    throw new Error('engram serve does not start');
  }
}
