import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { WASM_PATH } from '../support/wasm.ts';

/** Bundles the command line as it is shipped, into a folder of its own. @returns the path of `cli.js` */
export async function buildCommandLine(): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'engram-cli-'));
  const options = { bundle: true, format: 'cjs', platform: 'node', target: 'node22', logLevel: 'warning' } as const;
  await esbuild.build({ entryPoints: [join(import.meta.dirname, '../../src/cli.ts')], outdir, ...options });
  copyFileSync(WASM_PATH, join(outdir, 'sql-wasm.wasm'));
  return join(outdir, 'cli.js');
}

/** One run of the command line, which may be killed. */
export interface Run {
  readonly process: ChildProcess;
  /** Exit code and what it wrote to stderr, once it has ended; `null` for one that was killed. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>;
}

export function runCommand(cli: string, place: string, ...args: string[]): Run {
  const child = spawn(process.execPath, [cli, ...args, '--dir', place], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString('utf8');
  });
  return { process: child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, errors })) };
}
