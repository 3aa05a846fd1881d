import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';

const PEER = join(import.meta.dirname, 'oddPeer.ts');
const QUIET = '--disable-warning=ExperimentalWarning --disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** A program of that name that does as `oddPeer.ts` is told to, whatever its arguments. @returns its absolute path */
export function oddProgram(how: string, file = ''): string {
  return scriptProgram(`exec '${process.execPath}' ${QUIET} '${PEER}' ${how} '${file}'`);
}

/** @param script for `sh` */
export function scriptProgram(script: string): string {
  const path = join(temporaryFolder(), 'engram');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
