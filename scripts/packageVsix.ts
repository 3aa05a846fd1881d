import { existsSync, rmSync } from 'node:fs';
import { exec } from './exec.ts';
import { root, tool, vsix } from './paths.ts';

/** Builds (`vscode:prepublish`) and packs the extension. Whatever `vsce` warns of is an error here. */
export async function packageVsix(): Promise<void> {
  rmSync(vsix, { force: true });
  const { code, output } = await exec(tool('vsce'), ['package', '--no-dependencies', '--out', vsix], { cwd: root });
  const warnings = output.split('\n').filter((line) => /\bwarning\b/i.test(line) && !line.startsWith('npm '));
  if (code !== 0 || warnings.length > 0 || !existsSync(vsix)) throw new Error(`vsce package failed or warned:\n${output}`);
  console.log(output.trim().split('\n').at(-1));
}
