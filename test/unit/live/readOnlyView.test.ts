import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SqlJsFile } from '../../../src/adapters/sqlJsFile.ts';
import type { FolderOptions } from '../../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { testRepository } from '../../support/gitRepository.ts';
import { databaseFrom } from '../../support/goldenDatabase.ts';
import { agentSaves, makeLiveDatabase } from '../../support/liveDatabase.ts';
import { testSqlJs } from '../store/testDatabase.ts';

const CHUNK = 'aaaaaaaa';

/** What the Engram program has beside the tables that both know: a search table and a trigger that keeps it up to date. */
const SEARCH_TABLE = `CREATE VIRTUAL TABLE program_fts USING fts5(title, content, content = 'observations', content_rowid = 'id');
  CREATE TRIGGER obs_fts_insert AFTER INSERT ON observations BEGIN
    INSERT INTO program_fts(rowid, title, content) VALUES (new.id, new.title, new.content); END`;

/** A folder with a chunk to import, whose database another program has open. */
async function liveFolder(journalMode = 'WAL'): Promise<{ readonly root: string; readonly program: DatabaseSync }> {
  const root = engramFolder();
  await databaseFrom(root, [`INSERT INTO sessions(id, project, directory) VALUES('s', 'p', '/p')`]);
  putChunk(root, CHUNK, JSON.stringify({ sessions: [{ id: 'other', project: 'p', started_at: '2025-01-02 03:04:05' }] }));
  putManifest(root, { version: 1, chunks: [entry(CHUNK)] });
  const program = new DatabaseSync(join(root, 'engram.db'));
  onTestFinished(() => {
    if (program.isOpen) program.close();
  });
  program.exec(`PRAGMA journal_mode = ${journalMode}; PRAGMA wal_autocheckpoint = 0; ${SEARCH_TABLE}`);
  return { root, program };
}

/** As an editor has it whose own SQLite is too old, or that has none. */
function withoutDriver(root: string, options: Partial<FolderOptions> = {}): MemoryFolder {
  return openIn(root, options, WASM_PATH, { findNative: () => undefined });
}

function remember(program: DatabaseSync, title: string): void {
  program
    .prepare(`INSERT INTO observations(sync_id, session_id, type, title, content, project) VALUES(?, 's', 'manual', ?, 'text', 'p')`)
    .run(`obs-${title}`, title);
}

/** Bytes and times of whatever belongs to the database. */
function filesOf(root: string): unknown[] {
  return readdirSync(root)
    .filter((name) => name.startsWith('engram.db'))
    .map((name) => {
      const { ino, mtimeNs, ctimeNs, size } = lstatSync(join(root, name), { bigint: true });
      const hash = createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex');
      return { name, ino, mtimeNs, ctimeNs, size, hash };
    });
}

const titles = async (folder: MemoryFolder): Promise<string[]> => (await folder.search('text', {})).map(({ title }) => title).sort();

describe('a database that another program has open', () => {
  it('is shown as of its last commit, follows each change, and says why it is read-only', async () => {
    const { root, program } = await liveFolder();
    remember(program, 'One');
    const folder = withoutDriver(root);
    const first = await folder.state();
    expect(first).toMatchObject({ database: 'foreign', totals: { observations: 1 }, toShare: { memories: 0 } });
    expect(first.problems).toEqual([
      expect.objectContaining({ code: 'store-foreign', message: expect.stringContaining('read-only, as of its last commit') }),
    ]);
    expect(await titles(folder)).toEqual(['One']);
    program.exec('BEGIN');
    remember(program, 'Two');
    expect((await folder.state()).totals.observations).toBe(1);
    program.exec('COMMIT');
    expect((await folder.state()).totals.observations).toBe(2);
    program.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(await titles(folder)).toEqual(['One', 'Two']);
    remember(program, 'Three');
    program.exec('PRAGMA wal_checkpoint(RESTART)');
    remember(program, 'Four');
    expect(await titles(folder)).toEqual(['Four', 'One', 'Three', 'Two']);
    program.close();
    expect(existsSync(join(root, 'engram.db-wal'))).toBe(false);
    expect((await folder.state()).totals.observations).toBe(4);
  });

  it('is never written: whatever is asked, bytes and times of file, log and shared memory stay', async () => {
    const { root, program } = await liveFolder();
    remember(program, 'One');
    const before = filesOf(root);
    expect(before).toHaveLength(3);
    const folder = withoutDriver(root);
    await folder.state();
    const asked: readonly (() => Promise<unknown>)[] = [
      () => folder.importChunks({}),
      () => folder.exportNew({}),
      () => folder.sync({}),
      () => folder.save({ title: 'Mine', content: 'text' }),
      () => folder.edit('obs-One', { title: 'Changed' }),
      () => folder.remove('obs-One'),
      () => folder.undoImport(CHUNK),
      () => folder.restoreKept(),
      () => folder.repairHealth(['raise-version']),
    ];
    for (const each of asked) await expect(each()).rejects.toMatchObject({ code: 'store-foreign' });
    await folder.search('text', {});
    await folder.doctor();
    await folder.close();
    expect(filesOf(root)).toEqual(before);
    expect(program.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });

  it('is shown in the same way where it is the live one that a person chose', async () => {
    const livePath = join(temporaryFolder(), 'engram.db');
    makeLiveDatabase(livePath);
    const program = new DatabaseSync(livePath);
    onTestFinished(() => program.close());
    agentSaves(program, 'obs-1');
    const folder = withoutDriver(engramFolder(), { database: 'live', livePath, project: 'demo' });
    expect(await folder.state()).toMatchObject({ database: 'foreign', live: { path: livePath }, totals: { observations: 1 } });
    const version = await folder.databaseVersion();
    agentSaves(program, 'obs-2');
    expect(await folder.databaseVersion()).not.toBe(version);
    expect((await folder.state()).totals.observations).toBe(2);
    await expect(folder.save({ title: 'Mine', content: 'text' })).rejects.toMatchObject({ code: 'store-foreign' });
  });

  it('is written by the host’s own SQLite where there is one, from the next look on', async () => {
    const { root, program } = await liveFolder();
    remember(program, 'One');
    const folder = openIn(root);
    expect(await folder.state()).toMatchObject({ database: 'ok', totals: { observations: 1 } });
    await folder.save({ title: 'Mine', content: 'text' });
    expect(program.prepare('SELECT count(*) AS n FROM observations').get()).toEqual({ n: 2 });
  });

  it('is not written by the driver either, should anybody ask it to', async () => {
    const { root } = await liveFolder();
    const before = filesOf(root);
    const file = new SqlJsFile(await testSqlJs(), join(root, 'engram.db'));
    (await file.open()).database.run('DELETE FROM sessions');
    await expect(file.save(async () => undefined)).rejects.toMatchObject({ code: 'store-foreign' });
    await expect(file.setAside()).rejects.toMatchObject({ code: 'store-foreign' });
    expect(filesOf(root)).toEqual(before);
  });

  it('is not set aside when it is damaged: nobody but its own program repairs it', async () => {
    const { root, program } = await liveFolder();
    program.close();
    const path = join(root, 'engram.db');
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x55)]));
    const before = filesOf(root);
    const state = await withoutDriver(root).state();
    expect(state.database).toBe('unreadable');
    expect(state.problems).toEqual([
      expect.objectContaining({ code: 'store-foreign', message: expect.stringContaining('nothing in it was touched') }),
    ]);
    expect(filesOf(root)).toEqual(before);
  });

  it('is not taken for an empty one where only its log is left', async () => {
    const { root, program } = await liveFolder();
    remember(program, 'One');
    renameSync(join(root, 'engram.db'), join(root, 'moved'));
    const folder = withoutDriver(root);
    expect(await folder.state()).toMatchObject({ database: 'foreign', totals: { observations: 0 } });
    await expect(folder.save({ title: 'Mine', content: 'text' })).rejects.toMatchObject({ code: 'store-foreign' });
    expect(existsSync(join(root, 'engram.db'))).toBe(false);
  });
});

describe('a database with a rollback journal', () => {
  it('is not read half-written, and is read again when the change is done', async () => {
    const { root, program } = await liveFolder('DELETE');
    remember(program, 'One');
    program.exec('BEGIN IMMEDIATE; PRAGMA cache_size = 1');
    remember(program, 'Two');
    program.exec(`UPDATE sessions SET directory = hex(randomblob(20000))`);
    const before = filesOf(root);
    expect(before).toHaveLength(2);
    const folder = withoutDriver(root);
    const state = await folder.state();
    expect(state.database).toBe('unreadable');
    expect(state.problems).toEqual([
      expect.objectContaining({ code: 'store-locked', message: expect.stringContaining('engram.db-journal stands beside it') }),
    ]);
    await expect(folder.save({ title: 'Mine', content: 'text' })).rejects.toMatchObject({ code: 'store-locked' });
    expect(filesOf(root)).toEqual(before);
    program.exec('COMMIT');
    expect(await folder.state()).toMatchObject({ database: 'foreign', totals: { observations: 2 } });
  });

  it('is read where the journal is only left over', async () => {
    const { root, program } = await liveFolder('PERSIST');
    remember(program, 'One');
    expect(lstatSync(join(root, 'engram.db-journal')).size).toBeGreaterThan(0);
    expect(await withoutDriver(root).state()).toMatchObject({ database: 'foreign', totals: { observations: 1 } });
  });
});

it('a log that a repository brings along is not read', async () => {
  const repository = await testRepository();
  const root = join(repository.path, '.engram');
  const folder = withoutDriver(root);
  await folder.initialise();
  await folder.save({ title: 'Mine', content: 'text' });
  writeFileSync(join(root, 'engram.db-wal'), 'whatever');
  repository.git('add', '-f', '.engram/engram.db-wal');
  const state = await folder.state();
  expect(state.database).toBe('tracked');
  expect(state.problems).toContainEqual(expect.objectContaining({ code: 'store-tracked', subject: 'engram.db-wal' }));
  await expect(folder.save({ title: 'More', content: 'text' })).rejects.toMatchObject({ code: 'store-tracked' });
  repository.git('rm', '-q', '--cached', '.engram/engram.db-wal');
  rmSync(join(root, 'engram.db-wal'));
  expect(await folder.state()).toMatchObject({ database: 'ok', totals: { observations: 1 } });
});
