// What runs on the machine's own Node, whatever its version from 20 on and before anything is installed:
// installs the locked dependencies, among them the Node that everything else needs, and hands over to it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = path.join(root, 'node_modules', '.bin');

/** True if `npm ci` has to run: never installed, or the lockfile changed since. npm writes its own copy of the lockfile last. */
function isOutdated() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(path.join(bin, 'node'))) return true;
  const lockfile = path.join(root, 'package-lock.json');
  if (statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return false;
  return !sameVersions(JSON.parse(readFileSync(lockfile, 'utf8')), JSON.parse(readFileSync(installed, 'utf8')));
}

/** A fresh checkout of an unchanged lockfile has a newer time, so the versions decide. Optional packages may be of another platform. */
function sameVersions(wanted, installed) {
  return Object.entries(wanted.packages).every(
    ([name, entry]) => name === '' || entry.optional || installed.packages[name]?.version === entry.version,
  );
}

/**
 * Runs a TypeScript file of this folder on the project's own Node and exits as it does.
 * The child gets Ctrl+C itself (same terminal), so this process only waits for its clean-up.
 */
export function runWithProjectNode(script) {
  if (isOutdated()) {
    console.log('Installing dependencies (npm ci) …');
    const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' });
    if (install.status !== 0) process.exit(1);
  }
  const node = path.join(bin, 'node');
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
  const child = spawn(node, [...flags, path.join(root, 'scripts', script), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
