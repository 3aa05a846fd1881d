import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { WASM_PATH } from './folder.ts';

/** A folder like `dist`, with `sql-wasm.wasm` and the merge driver as it is shipped. @returns the path of the WASM file in it */
export async function shippedFiles(): Promise<string> {
  const folder = join(tmpdir(), `engram-shipped-${process.pid}`);
  const wasm = join(folder, 'sql-wasm.wasm');
  if (existsSync(wasm)) return wasm;
  mkdirSync(folder, { recursive: true });
  const { bundle, format, platform, target } = { bundle: true, format: 'cjs', platform: 'node', target: 'node22' } as const;
  await esbuild.build({ entryPoints: ['src/mergeDriver.ts'], outdir: folder, bundle, format, platform, target, logLevel: 'warning' });
  copyFileSync(WASM_PATH, wasm);
  return wasm;
}
