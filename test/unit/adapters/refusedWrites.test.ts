import { execFileSync, spawnSync } from 'node:child_process';
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scratchFolder } from '../../support/scratch.ts';

const WRITER = join(import.meta.dirname, '../../support/writeFolder.ts');
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const isRoot = process.getuid?.() === 0;

/** Runs the writer without the rights of root: root may write anywhere. */
function write(root: string, bytes = 10): Record<string, string> {
  const command = [process.execPath, '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', WRITER, root, String(bytes)];
  const [program = '', ...args] = isRoot ? ['setpriv', ...NOBODY, '--', ...command] : command;
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));
}

/** Why this machine cannot run as another account, `''` where it can. */
function missingRights(): string {
  if (process.platform === 'win32') return 'Windows has other permissions';
  if (!isRoot) return '';
  const probe = spawnSync('setpriv', [...NOBODY, '--', process.execPath, '-e', `require('node:fs').accessSync(${JSON.stringify(WRITER)})`]);
  return probe.status === 0 ? '' : 'root needs setpriv and a source folder that others may read';
}

async function engramFolder(): Promise<string> {
  const root = join(await scratchFolder(), '.engram');
  await mkdir(join(root, 'chunks'), { recursive: true });
  await writeFile(join(root, 'manifest.json'), '{\n  "version": 2,\n  "chunks": []\n}');
  return root;
}

describe('a folder that refuses', () => {
  it('to be written is named read-only, and stays as it was', async (context) => {
    const reason = missingRights();
    if (reason !== '') {
      console.log(`read-only folder: ${reason}, skipped`);
      context.skip();
    }
    const root = await engramFolder();
    for (const path of ['chunks', '.']) await chmod(join(root, path), 0o555);
    onTestFinished(() => chmod(root, 0o755));
    onTestFinished(() => chmod(join(root, 'chunks'), 0o755));
    expect(write(root)).toEqual({ read: 'ok', lock: 'read-only', chunk: 'read-only', manifest: 'read-only' });
    expect(await readdir(root)).toEqual(['chunks', 'manifest.json']);
  });

  it('to be read is named io-failed', async (context) => {
    const reason = missingRights();
    if (reason !== '') {
      console.log(`unreadable manifest: ${reason}, skipped`);
      context.skip();
    }
    const root = await engramFolder();
    await chmod(join(root, 'manifest.json'), 0o000);
    expect(write(root)).toMatchObject({ read: 'io-failed' });
  });

  it('more data because the disk is full says so, keeps the old manifest and leaves no temporary file', async (context) => {
    const disk = await scratchFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', disk]).status === 0;
    if (!mounted) {
      console.log('full disk: a small disk cannot be mounted here, skipped');
      context.skip();
    }
    onTestFinished(() => void spawnSync('umount', [disk]));
    const root = join(disk, '.engram');
    await mkdir(join(root, 'chunks'), { recursive: true });
    await writeFile(join(root, 'manifest.json'), '{\n  "version": 2,\n  "chunks": []\n}');
    for (const path of ['chunks', '.', 'manifest.json']) await chmod(join(root, path), 0o777);
    await writeFile(join(disk, 'filler'), Buffer.alloc(1 << 20)).catch(() => undefined);
    await access(join(disk, 'filler'));
    expect(write(root, 200_000)).toEqual({ read: 'ok', lock: 'disk-full', chunk: 'disk-full', manifest: 'disk-full' });
    expect(await readdir(root)).toEqual(['chunks', 'manifest.json']);
    expect(await readdir(join(root, 'chunks'))).toEqual([]);
    expect(await readFile(join(root, 'manifest.json'), 'utf8')).toContain('"chunks": []');
  });
});
