import path from 'node:path';
import type { Team } from '../../scripts/demoTeam.ts';
import { mustExec } from '../../scripts/exec.ts';
import { ourExtension } from './extension.ts';

/** The team that the runner laid out for this window: Bob's clone is open in it. */
export function theTeam(): Team {
  return JSON.parse(process.env['ENGRAM_HOST_TEAM'] ?? '{}') as Team;
}

/** Our command line, run by the host's own Node (on a desktop that is Electron, hence the variable). */
export function engram(folder: string, command: string, ...options: string[]): Promise<string> {
  const cli = path.join(ourExtension().extensionPath, 'dist/cli.js');
  return mustExec(process.execPath, [cli, command, '--dir', folder, ...options], { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
}
