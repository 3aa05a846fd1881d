import { existsSync, renameSync, rmSync } from 'node:fs';
import { exec } from './exec.ts';
import { root, tool, vsix } from './paths.ts';

/** Builds (`vscode:prepublish`) and packs the extension. Whatever `vsce` warns of is an error here. The old file stays until the new one is whole. */
export async function packageVsix(): Promise<void> {
  const fresh = `${vsix.slice(0, -'.vsix'.length)}-${process.pid}.vsix`;
  const { code, output } = await exec(tool('vsce'), ['package', '--no-dependencies', '--out', fresh], { cwd: root });
  const warnings = output.split('\n').filter((line) => /\bwarning\b/i.test(line) && !line.startsWith('npm '));
  if (code !== 0 || warnings.length > 0 || !existsSync(fresh)) {
    rmSync(fresh, { force: true });
    throw new Error(`vsce package failed or warned:\n${output}`);
  }
  renameSync(fresh, vsix);
  console.log(output.trim().split('\n').at(-1));
}
