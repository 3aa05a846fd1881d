import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exec, mustExec } from '../exec.ts';
import { harnessFolder } from '../paths.ts';
import { harnessPackages } from './versions.ts';

/** Where the installed parts are. Absolute. */
export interface Harness {
  readonly node: string;
  readonly server: string;
  /** For `createRequire`: `playwright-core` and `axe-core` resolve from here. */
  readonly manifest: string;
  /** `undefined`: no Chrome, Chromium or Edge on this machine. */
  readonly browser: string | undefined;
  /** What cannot be tested here, in sentences for a person. */
  readonly warnings: readonly string[];
}

const modules = path.join(harnessFolder, 'node_modules');
const vscode = path.join(modules, 'code-server/lib/vscode');
const stamp = path.join(harnessFolder, 'installed.json');

/** Installs the pinned packages once; later calls take milliseconds. Needs the npm registry; about 30 s the first time. */
export async function installHarness(): Promise<Harness> {
  await installSystemPackages();
  const pins = JSON.stringify(harnessPackages);
  const known = existsSync(stamp) ? (JSON.parse(readFileSync(stamp, 'utf8')) as { pins: string; warnings: string[] }) : undefined;
  // With warnings it is tried again: a compiler may have come since.
  const warnings = known?.pins === pins && known.warnings.length === 0 ? [] : await installPackages();
  writeFileSync(stamp, JSON.stringify({ pins, warnings }));
  const browser = await findBrowser();
  return {
    node: path.join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node'),
    server: path.join(vscode, 'out/server-main.js'),
    manifest: path.join(harnessFolder, 'package.json'),
    browser,
    warnings: browser ? warnings : [...warnings, 'No Chrome, Chromium or Edge was found: nothing can be tested in a window.'],
  };
}

/** The inner folder's dependencies are left out by `--ignore-scripts` and installed apart; its own scripts would build everything. */
async function installPackages(): Promise<string[]> {
  console.log('Installing the VS Code server for tests into .harness …');
  mkdirSync(harnessFolder, { recursive: true });
  writeFileSync(path.join(harnessFolder, 'package.json'), '{"name":"harness","private":true}\n');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const pinned = Object.entries(harnessPackages).map(([name, version]) => `${name}@${version}`);
  await mustExec('npm', ['install', ...quiet, '--save-exact', ...pinned], { cwd: harnessFolder });
  await mustExec('npm', ['install', ...quiet, '--omit=dev'], { cwd: vscode });
  const nodeFolder = path.join(modules, `node-${process.platform}-${process.arch}`);
  const env = { ...process.env, PATH: `${nodeFolder}/bin${path.delimiter}${process.env['PATH']}`, npm_config_nodedir: nodeFolder };
  const rebuilt = await exec('npm', ['rebuild', '--loglevel=error', '@vscode/spdlog', '@vscode/native-watchdog'], { cwd: vscode, env });
  return rebuilt.code === 0
    ? []
    : ['The log writer could not be built (python3, make and g++ are needed): checks of the Output panel are left out.'];
}

/** A browser and a compiler, where this is root on a Debian or Ubuntu; elsewhere the missing parts become warnings. */
async function installSystemPackages(): Promise<void> {
  const wanted = [(await findBrowser()) ? '' : 'chromium', ...(await missingBuildTools())].filter((name) => name !== '');
  const isRootOnDebian = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (wanted.length === 0 || !isRootOnDebian) return;
  console.log(`Installing ${wanted.join(', ')} (apt-get) …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await exec('apt-get', ['update'], { env });
  const installed = await exec('apt-get', ['install', '-y', '--no-install-recommends', ...wanted], { env });
  if (installed.code !== 0) console.log(installed.output.split('\n').slice(-5).join('\n'));
}

async function missingBuildTools(): Promise<string[]> {
  const tools = ['python3', 'make', 'g++'];
  const found = await Promise.all(tools.map((name) => onPath(name)));
  return tools.filter((_, index) => !found[index]);
}

/** `ENGRAM_BROWSER` overrules; then the usual names on PATH; then the usual places of macOS. */
async function findBrowser(): Promise<string | undefined> {
  const named = process.env['ENGRAM_BROWSER'];
  if (named) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']) {
    const found = await onPath(name);
    if (found) return found;
  }
  const applications = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  return applications.find((place) => existsSync(place));
}

async function onPath(name: string): Promise<string | undefined> {
  const { code, stdout } = await exec('sh', ['-c', `command -v ${name}`]);
  return code === 0 ? stdout.trim() : undefined;
}
