import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { endOf } from './postgres.ts';
import { type EngramProgram, PROGRAM_TIMEOUT_MS, programEnvironment } from './programs.ts';
import { type Rows, readRows, withDatabase } from './rows.ts';

/** What a run is told on its standard input; it stays open until the program has printed a line that holds `until`. */
interface Conversation {
  readonly lines: readonly string[];
  readonly until: string;
}

interface ToolAnswer {
  readonly result?: { readonly isError?: boolean; readonly content?: readonly { readonly text?: string }[] };
}

/** A member of the team who runs a real Engram program, with a home and a database of their own. */
export class Teammate {
  readonly program: EngramProgram;
  readonly databasePath: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param more what the program finds in its environment besides */
  constructor(program: EngramProgram, user = 'gopher', more: NodeJS.ProcessEnv = {}) {
    this.program = program;
    const home = temporaryFolder();
    const data = join(home, 'data');
    mkdirSync(data);
    this.databasePath = join(data, 'engram.db');
    this.#environment = { ...programEnvironment(home, data, user), ...more };
  }

  /** Starts the program for as long as the test goes on, such as a server. */
  start(folder: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(this.program.path, args, { cwd: folder, env: { ...this.#environment, ...more }, stdio: 'ignore' });
    onTestFinished(() => endOf(child, 'SIGKILL'));
    return child;
  }

  /** Runs the program in the folder that holds `.engram`. Resolves to what it printed. @throws {Error} with all of it where it fails */
  run(folder: string, args: readonly string[], conversation?: Conversation): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.program.path, args, {
        cwd: folder,
        env: this.#environment,
        timeout: PROGRAM_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      const out: Buffer[] = [];
      const errors: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => {
        out.push(data);
        if (conversation && Buffer.concat(out).includes(conversation.until)) child.stdin.end();
      });
      child.stderr.on('data', (data: Buffer) => errors.push(data));
      child.on('error', reject);
      child.on('close', (code) => {
        const printed = Buffer.concat(out).toString('utf8');
        if (code === 0) resolve(printed);
        else reject(new Error(`engram ${args.join(' ')} ended with ${code}: ${printed}${Buffer.concat(errors).toString('utf8')}`));
      });
      // A program that fails early does not read what it is told; its exit code says more.
      child.stdin.on('error', () => undefined);
      if (conversation) child.stdin.write(conversation.lines.map((line) => `${line}\n`).join(''));
      else child.stdin.end();
    });
  }

  /**
   * Asks one tool of the program as an agent does (MCP over stdio). Resolves to what the tool said.
   *
   * @throws {Error} where the tool refuses
   */
  async tool(folder: string, name: string, values: Readonly<Record<string, unknown>>): Promise<string> {
    const hello = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: hello },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name, arguments: values } },
    ];
    const lines = messages.map((message) => JSON.stringify(message));
    const printed = await this.run(folder, ['mcp'], { lines, until: '"id":2' });
    const answer = JSON.parse(printed.split('\n').find((line) => line.includes('"id":2')) ?? '{}') as ToolAnswer;
    const text = answer.result?.content?.[0]?.text ?? '';
    if (!answer.result || answer.result.isError) throw new Error(`${name}: ${text || printed}`);
    return text;
  }

  /** Starts its HTTP server, which keeps the database open until the test is over. Resolves to its address once it answers. */
  async serve(folder: string): Promise<string> {
    const port = await freePort();
    const child = this.start(folder, ['serve'], { ENGRAM_PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    for (const start = performance.now(); performance.now() - start < PROGRAM_TIMEOUT_MS; await sleep(20)) {
      const answer = await fetch(`${url}/health`).catch(() => undefined);
      if (answer?.ok) return url;
      if (child.exitCode !== null) break;
    }
    throw new Error('engram serve does not answer');
  }

  /** Resolves to the number of chunks that were new. */
  async importFrom(folder: string): Promise<number> {
    const printed = await this.run(folder, ['sync', '--import']);
    return Number(/Imported (\d+) new chunk/.exec(printed)?.[1] ?? 0);
  }

  /** Resolves to the id of the chunk that was written, `undefined` when nothing was new. */
  async exportTo(folder: string): Promise<string | undefined> {
    return /Created chunk (\w+)/.exec(await this.run(folder, ['sync', '--all']))?.[1];
  }

  /** Makes the database with the program's own schema. */
  async open(folder: string): Promise<void> {
    await this.run(folder, ['stats']);
  }

  rows(): Rows {
    return readRows(this.databasePath);
  }

  /** The first row of an answer. */
  query(sql: string, ...values: readonly string[]): Readonly<Record<string, unknown>> {
    return withDatabase(this.databasePath, (database) => ({ ...database.prepare(sql).get(...values) }));
  }

  /** Writes as another part of the program would: its triggers keep the search up to date. */
  write(work: (database: DatabaseSync) => void): void {
    withDatabase(this.databasePath, work);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
