import { lstat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the Engram program keeps its memories on this machine: `ENGRAM_DATA_DIR`, taken literally, else `.engram` in the home folder.
 * Source: `main.go:main`, `DefaultConfig` of v1.14.0.
 */
export function livePathOf(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  return join(env['ENGRAM_DATA_DIR'] || join(home, '.engram'), 'engram.db');
}

/** Whether anything stands there. */
export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
