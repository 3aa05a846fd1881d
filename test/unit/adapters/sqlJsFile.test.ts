import { chmod, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AtomicDisk } from '../../../src/adapters/atomicFile.ts';
import type { SqlJs } from '../../../src/adapters/sqlJs.ts';
import { SqlJsFile } from '../../../src/adapters/sqlJsFile.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { testSqlJs } from '../store/testDatabase.ts';

let sqlJs: SqlJs;
let folder: string;
let path: string;
const permit = async () => {
  await Promise.resolve();
};
const code = (wanted: string) => expect.objectContaining({ name: 'EngramError', code: wanted });

beforeAll(async () => {
  sqlJs = await testSqlJs();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engram-db-'));
  path = join(folder, 'engram.db');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function saved(text: string): Promise<SqlJsFile> {
  const file = new SqlJsFile(sqlJs, path);
  const { database } = await file.open();
  database.run('CREATE TABLE IF NOT EXISTS t(text TEXT)');
  database.run('INSERT INTO t VALUES(?)', [text]);
  await file.save(permit);
  return file;
}

async function rows(file: SqlJsFile): Promise<unknown[]> {
  return (await file.open()).database.all('SELECT text FROM t').map((row) => row['text']);
}

describe('open and save', () => {
  it('writes nothing before the first change, then a file that opens again', async () => {
    const file = new SqlJsFile(sqlJs, path);
    expect(await file.exists()).toBe(false);
    expect((await file.open()).fresh).toBe(true);
    await file.save(permit);
    expect(await readdir(folder)).toEqual([]);
    await saved('one');
    expect(await readdir(folder)).toEqual(['engram.db']);
    expect(await rows(new SqlJsFile(sqlJs, path))).toEqual(['one']);
  });

  it('keeps its handle, and does not write again, while nothing changed', async () => {
    const file = await saved('one');
    const before = await lstat(path, { bigint: true });
    expect((await file.open()).fresh).toBe(false);
    await file.save(() => Promise.reject(new Error('must not be asked')));
    expect(await lstat(path, { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
    const { database } = await file.open();
    database.run('PRAGMA user_version = 4');
    await file.save(permit);
    expect((await new SqlJsFile(sqlJs, path).open()).database.all('PRAGMA user_version')).toEqual([{ user_version: 4 }]);
  });

  it('notices the change of another window: refuses to write over it, then reads it', async () => {
    const mine = await saved('one');
    const theirs = new SqlJsFile(sqlJs, path);
    (await theirs.open()).database.run(`INSERT INTO t VALUES('theirs')`);
    await theirs.save(permit);
    (await mine.open()).database.run('SELECT 1');
    const other = new SqlJsFile(sqlJs, path);
    (await other.open()).database.run(`INSERT INTO t VALUES('stale')`);
    (await theirs.open()).database.run(`INSERT INTO t VALUES('again')`);
    await theirs.save(permit);
    await expect(other.save(permit)).rejects.toEqual(code('store-locked'));
    expect((await other.open()).fresh).toBe(true);
    expect(await rows(other)).toEqual(['one', 'theirs', 'again']);
    expect(await readdir(folder)).toEqual(['engram.db']);
  });

  it('refuses to make a file where another one appeared, and to write where it was deleted', async () => {
    const late = new SqlJsFile(sqlJs, path);
    (await late.open()).database.run('CREATE TABLE mine(x)');
    const file = await saved('first');
    await expect(late.save(permit)).rejects.toEqual(code('store-locked'));
    (await file.open()).database.run(`INSERT INTO t VALUES('more')`);
    await unlink(path);
    await expect(file.save(permit)).rejects.toEqual(code('store-locked'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('forgets without saving', async () => {
    const file = await saved('one');
    (await file.open()).database.run(`INSERT INTO t VALUES('lost')`);
    file.close();
    file.close();
    expect(await rows(file)).toEqual(['one']);
  });
});

describe('a save that fails leaves the old file and no other', () => {
  const failure = (errno: string) => Object.assign(new Error(errno), { code: errno });
  const disk: AtomicDisk = { open, lstat, rename, unlink };
  const opened = (change: Partial<Awaited<ReturnType<typeof open>>>): AtomicDisk => ({
    ...disk,
    open: async (...args) => Object.assign(await open(...args), args[1] === 'wx' ? change : {}),
  });

  it.each<[string, AtomicDisk, string]>([
    ['the disk is full', opened({ writeFile: () => Promise.reject(failure('ENOSPC')) }), 'disk-full'],
    ['the quota is used up', opened({ sync: () => Promise.reject(failure('EDQUOT')) }), 'disk-full'],
    ['the rename is refused', { ...disk, rename: () => Promise.reject(failure('EACCES')) }, 'read-only'],
    ['the file system is read-only', { ...disk, open: () => Promise.reject(failure('EROFS')) }, 'read-only'],
  ])('%s', async (_why, failing, expected) => {
    (await saved('old')).close();
    const before = await readFile(path);
    const file = new SqlJsFile(sqlJs, path, failing);
    (await file.open()).database.run(`INSERT INTO t VALUES('new')`);
    await expect(file.save(permit)).rejects.toEqual(code(expected));
    expect(await readdir(folder)).toEqual(['engram.db']);
    expect(await readFile(path)).toEqual(before);
    expect(await rows(file)).toEqual(['old', 'new']);
  });

  it('the lock is lost', async () => {
    const file = await saved('old');
    (await file.open()).database.run(`INSERT INTO t VALUES('new')`);
    const lost = () => Promise.reject(new EngramError('lock-lost', 'Somebody took the lock.'));
    await expect(file.save(lost)).rejects.toEqual(code('lock-lost'));
    expect(await readdir(folder)).toEqual(['engram.db']);
    await file.save(permit);
    expect(await rows(new SqlJsFile(sqlJs, path))).toEqual(['old', 'new']);
  });

  it('a transaction is open', async () => {
    const file = await saved('old');
    const { database } = await file.open();
    database.run('BEGIN');
    database.run(`INSERT INTO t VALUES('half')`);
    await expect(file.save(permit)).rejects.toEqual(code('store-locked'));
    expect(await readdir(folder)).toEqual(['engram.db']);
  });
});

describe('what is no database', () => {
  it.each<[string, Uint8Array]>([
    ['a text', Buffer.from('not a database '.repeat(500))],
    ['a header alone', Buffer.from('SQLite format 3\0')],
    ['a header and noise', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8000, 7)])],
  ])('%s is corrupt', async (_what, bytes) => {
    await writeFile(path, bytes);
    await expect(new SqlJsFile(sqlJs, path).open()).rejects.toEqual(code('store-corrupt'));
  });

  it('a truncated or scribbled database is corrupt', async () => {
    (await saved('x'.repeat(50_000))).close();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    await expect(new SqlJsFile(sqlJs, path).open()).rejects.toEqual(code('store-corrupt'));
    await writeFile(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x55)]));
    await expect(new SqlJsFile(sqlJs, path).open()).rejects.toEqual(code('store-corrupt'));
  });

  it('an empty file is an empty database', async () => {
    await writeFile(path, '');
    const file = new SqlJsFile(sqlJs, path);
    (await file.open()).database.run('CREATE TABLE t(text TEXT)');
    await file.save(permit);
    expect(await rows(file)).toEqual([]);
  });

  it('is refused: a symbolic link, a folder', async () => {
    await writeFile(join(folder, 'real.db'), '');
    await symlink(join(folder, 'real.db'), path);
    const file = new SqlJsFile(sqlJs, path);
    expect(await file.exists()).toBe(true);
    await expect(file.open()).rejects.toEqual(code('not-regular-file'));
    await expect(file.setAside()).rejects.toEqual(code('not-regular-file'));
    await unlink(path);
    await mkdir(path);
    await expect(file.open()).rejects.toEqual(code('not-regular-file'));
  });

  it('is set aside under a name of its own, and a new one can be made', async () => {
    await writeFile(path, 'damaged');
    const file = new SqlJsFile(sqlJs, path);
    const name = await file.setAside();
    expect(name).toMatch(/^engram\.db\.damaged-\d{8}T\d{9}Z$/);
    expect(await readFile(join(folder, name), 'utf8')).toBe('damaged');
    await saved('new');
    expect(await readdir(folder)).toEqual(['engram.db', name]);
  });
});

const isRoot = process.getuid?.() === 0;
if (isRoot) console.log('running as root, who may read everything: one test skipped');
it.skipIf(isRoot)('says that it may not read', async () => {
  await saved('one');
  await chmod(path, 0);
  await expect(new SqlJsFile(sqlJs, path).open()).rejects.toEqual(code('io-failed'));
});
