import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/engine/folderRequests.ts';
import { type MemoryFolder, openMemoryFolder } from '../../../src/openFolder.ts';
import { buildCommandLine } from '../../kills/commandLine.ts';
import { FolderChecker } from '../../support/checkFolder.ts';
import { engramFolder, openIn, WASM_PATH } from '../../support/folder.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { checkTwoWindows } from '../../support/twoWindows.ts';

let checker: FolderChecker;
beforeAll(async () => {
  checker = await FolderChecker.load();
});

it('two windows that save and sync at the same time lose nothing', async () => {
  await expect(checkTwoWindows(checker, 40)).resolves.toBeUndefined();
}, 60_000);

/** A folder with one memory that is not shared and a teammate's chunk that waits. */
async function folderWithWaiting(): Promise<string> {
  const [root, teammate] = [engramFolder(), engramFolder()];
  const [ours, theirs] = [openIn(root), openIn(teammate)];
  await theirs.save({ title: 'Theirs', content: 'a' });
  await theirs.sync({});
  await ours.save({ title: 'Mine', content: 'b' });
  for (const name of ['chunks', 'manifest.json']) cpSync(join(teammate, name), join(root, name), { recursive: true });
  return root;
}

/** Opens a folder and does something to it, once, while a chunk is being read: the databases are loaded, nothing is saved yet. */
function openAndDisturb(root: string, disturb: () => void, keepFolder = ''): MemoryFolder {
  let isDone = false;
  const once = (): void => {
    if (!isDone) disturb();
    isDone = true;
  };
  const options = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: 'alice', includePersonal: false, sessionId: 'vscode-test' };
  const folder = openMemoryFolder(
    { ...options, root, keepFolder },
    { wasmPath: WASM_PATH, log: () => undefined, onReading: once, quarantined: () => false },
  );
  onTestFinished(() => folder.close());
  return folder;
}

describe('a database that changes between loading and saving', () => {
  it('is not written over: another program’s memories and ours are both there after the next import', async () => {
    const root = await folderWithWaiting();
    const copy = engramFolder();
    copyFileSync(join(root, 'engram.db'), join(copy, 'engram.db'));
    await openIn(copy).save({ title: 'Of another program', content: 'c' });
    const folder = openAndDisturb(root, () => renameSync(join(copy, 'engram.db'), join(root, 'engram.db')));
    await expect(folder.importChunks({})).rejects.toMatchObject({ code: 'store-locked' });
    expect(checker.titles(root)).toEqual(['Mine', 'Of another program']);
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
    expect(checker.titles(root)).toEqual(['Mine', 'Of another program', 'Theirs']);
  });

  it('and is gone because the work tree was cleaned is not made up, and what it alone had is offered back', async () => {
    const root = await folderWithWaiting();
    const keepFolder = await scratchFolder();
    await openIn(root, { keepFolder }).save({ title: 'Mine, too', content: 'c' });
    const folder = openAndDisturb(root, () => ['engram.db', 'index.db', '.gitignore'].map((name) => rmSync(join(root, name))), keepFolder);
    await expect(folder.importChunks({})).rejects.toMatchObject({ code: 'store-locked' });
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
    expect(await folder.state()).toMatchObject({ kept: 2, totals: { observations: 1 } });
    await folder.restoreKept();
    expect(checker.titles(root)).toEqual(['Mine', 'Mine, too', 'Theirs']);
  });

  it('while somebody takes the lock away is left as it was', async () => {
    const root = await folderWithWaiting();
    const before = readFileSync(join(root, 'engram.db'));
    const folder = openAndDisturb(root, () => rmSync(join(root, '.lock')));
    await expect(folder.importChunks({})).rejects.toMatchObject({ code: 'lock-lost' });
    expect(readFileSync(join(root, 'engram.db'))).toEqual(before);
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
    expect(checker.titles(root)).toEqual(['Mine', 'Theirs']);
  });

  it('and a whole folder that is gone in the middle is not made again', async () => {
    const root = await folderWithWaiting();
    const folder = openAndDisturb(root, () => rmSync(root, { recursive: true }));
    expect(await folder.importChunks({})).toMatchObject({ chunks: 0, problems: [{ code: 'chunk-missing' }] });
    await expect(folder.save({ title: 'No', content: 'c' })).rejects.toMatchObject({ code: 'not-initialised' });
    expect(readdirSync(dirname(root))).toEqual([]);
    expect(await folder.state()).toMatchObject({ folder: 'absent' });
  });
});

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];

describe('a folder that may not be written', () => {
  it('is read and searched, says so when something is saved, and stays as it was', async (context) => {
    const isRoot = process.getuid?.() === 0;
    const reason = process.platform === 'win32' ? 'Windows has other permissions' : isRoot && spawnSync('setpriv', ['--version']).error;
    if (reason) {
      console.log(`read-only folder: ${typeof reason === 'string' ? reason : 'root needs setpriv'}, skipped`);
      context.skip();
    }
    const cli = await buildCommandLine();
    onTestFinished(() => rmSync(dirname(cli), { recursive: true, force: true }));
    const place = await scratchFolder();
    const root = join(place, '.engram');
    mkdirSync(root);
    const folder = openIn(root);
    await folder.save({ title: 'Kept', content: 'a' });
    await folder.sync({});
    const before = readFileSync(join(root, 'engram.db'));
    for (const path of [dirname(cli), root, join(root, 'chunks')]) chmodSync(path, 0o555);
    onTestFinished(() => [dirname(cli), root, join(root, 'chunks')].forEach((path) => void chmodSync(path, 0o755)));
    const [program = '', ...rest] = isRoot ? ['setpriv', ...NOBODY, process.execPath] : [process.execPath];
    const run = (...args: string[]) => spawnSync(program, [...rest, cli, ...args, '--dir', place, '--json'], { encoding: 'utf8' });
    expect(JSON.parse(run('status').stdout)).toMatchObject({ folder: 'ok', totals: { observations: 1 } });
    expect(JSON.parse(run('search', 'Kept').stdout)).toMatchObject([{ title: 'Kept' }]);
    for (const args of [['save', '--title', 'No', '--content', 'b'], ['sync'], ['import']]) {
      const { status, stdout } = run(...args);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'read-only' } });
      expect(status).toBe(1);
    }
    expect(readFileSync(join(root, 'engram.db'))).toEqual(before);
    expect(checker.titles(root)).toEqual(['Kept']);
  });
});

describe('a disk that is full', () => {
  it('keeps the last good database and every memory that was said to be saved, and goes on when there is room', async (context) => {
    const disk = await scratchFolder();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status !== 0) {
      console.log('full disk: a small disk cannot be mounted here, skipped');
      context.skip();
    }
    onTestFinished(() => void execFileSync('umount', [disk]));
    const root = join(disk, '.engram');
    mkdirSync(root);
    const folder = openIn(root);
    await folder.save({ title: 'First', content: 'a' });
    writeFileSync(join(disk, 'filler'), Buffer.alloc(300 * 1024));
    const saved = ['First'];
    let refusal: unknown;
    for (let number = 1; number < 200 && refusal === undefined; number += 1) {
      const memory = { title: `Memory ${number}`, content: `${number} `.repeat(3_000) };
      await folder.save(memory).then(
        () => saved.push(memory.title),
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toMatchObject({ name: 'EngramError', code: 'disk-full' });
    await expect(folder.sync({})).rejects.toMatchObject({ code: 'disk-full' });
    expect(checker.titles(root)).toEqual(expect.arrayContaining(saved));
    rmSync(join(disk, 'filler'));
    await folder.sync({});
    expect((await folder.state()).toShare).toMatchObject({ memories: 0 });
    expect(checker.titles(root)).toEqual(expect.arrayContaining(saved));
    expect(readdirSync(root).filter((name) => /\.tmp-|\.lock/.test(name))).toEqual([]);
  });
});
