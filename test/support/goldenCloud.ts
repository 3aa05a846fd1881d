import { existsSync, readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { goldenPath } from '../golden.ts';
import type { Answer } from './cloudServer.ts';

/** Format: the README beside the files. */
export interface GoldenExchange {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly query?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | { readonly generated: object };
  };
  readonly response: Answer;
  readonly client_error?: GoldenError;
  readonly 'response_v1.16.1'?: Answer;
  readonly 'client_error_v1.16.1'?: GoldenError;
}

export interface GoldenFlags {
  readonly error_class?: string;
  readonly error_code?: string;
  readonly is_auth_failure?: true;
  readonly is_policy_failure?: true;
  readonly is_repairable_migration_failure?: true;
  readonly is_chunk_not_found?: true;
}

export interface GoldenError extends GoldenFlags {
  readonly operation: string;
  readonly text: string;
}

/** What the Go client did with a canned answer. */
export interface GoldenClientCase extends GoldenFlags {
  readonly name: string;
  readonly operation: 'ReadManifest' | 'ReadChunk' | 'WriteChunk' | 'PushMutations' | 'PullMutations';
  readonly chunk_id?: string;
  readonly given?: { readonly chunk_id?: string; readonly data?: string };
  readonly server_answer: Answer | 'connection closed without an answer';
  readonly request_sent?: {
    readonly method: string;
    readonly target: string;
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly result?: unknown;
  readonly error?: string;
}

export interface GoldenUrl {
  readonly url: string;
  readonly transport_error?: string;
  readonly mutation_transport_error?: string;
  readonly cli_exit: number;
  readonly cli_stdout: string;
  readonly cli_stderr: string;
}

/** Runs the tests of a file of the cloud's golden data, or says that it is absent. */
export function withGoldenCloud(file: string, tests: (path: string) => void): void {
  const path = goldenPath('cloud', 'http', file);
  const isThere = existsSync(path);
  if (!isThere) console.log(`skipped: no golden data ${file} (set ENGRAM_GOLDEN)`);
  describe.skipIf(!isThere)(`golden ${file}`, () => {
    if (isThere) tests(path);
  });
}

/** @returns the JSON of such a file, whose shape the caller knows from the README */
export function readGoldenCloud<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
