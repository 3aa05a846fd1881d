import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { sha256Hex } from '../../../src/engine/chunkCodec.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { conditionOf } from '../../../src/ui/condition.ts';
import { chunkNames, engramFolder, openIn } from '../../support/folder.ts';
import { agentSaves, integrityOf, makeLiveDatabase, withLive } from '../../support/liveDatabase.ts';
import { LiveMember, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so no live database is damaged.\n');

const PAGE = 4096;
const ROWS = 150;

/** Damage, and what the sentence about it has to say. */
const DAMAGES: readonly (readonly [string, (path: string) => void, string, RegExp])[] = [
  ['is torn in the middle', tear, 'store-corrupt', /damaged/],
  ['is cut short', (path) => truncateSync(path, 5 * PAGE), 'store-corrupt', /damaged/],
  ['has a header of zeros', zeroHeader, 'store-corrupt', /damaged/],
  ['is another kind of file', (path) => writeFileSync(path, 'Dear diary, '.repeat(1000)), 'store-corrupt', /damaged/],
  ['is a folder', makeFolder, 'not-regular-file', /not a plain file/],
  ['is gone', (path) => rmSync(path), 'not-found', /There is no Engram database/],
];

function tear(path: string): void {
  const bytes = readFileSync(path);
  for (let page = 8; page * PAGE < bytes.length; page += 3) bytes.fill(0xa5, page * PAGE, (page + 1) * PAGE);
  writeFileSync(path, bytes);
}

function makeFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

function zeroHeader(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, 0, 100));
}

/** As a program does that writes a file anew. In place there would be no telling what of the old one SQLite still remembers. */
function replaceBy(path: string, damage: (path: string) => void): void {
  copyFileSync(path, `${path}.other`);
  damage(`${path}.other`);
  rmSync(path);
  if (existsSync(`${path}.other`)) renameSync(`${path}.other`, path);
}

/** A member with memories of an agent, one chunk that waits, and what the database looks like when all is well. */
async function member(): Promise<LiveMember> {
  const ann = new LiveMember({ author: 'ann' });
  ann.agent((database) => {
    database.exec('BEGIN');
    for (let index = 0; index < ROWS; index++) agentSaves(database, `obs-${index}`, { content: 'x'.repeat(1000) });
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  });
  return ann;
}

/** Names and bytes of the chunks, the manifest and the live database with its log. */
function written(ann: LiveMember): readonly string[] {
  const contents = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^\.lock|^\.gitignore|index\.db|-shm$/.test(entry.name))
      .map((entry) => `${entry.name} ${sha256Hex(readFileSync(join(entry.parentPath, entry.name)))}`);
  const isEmptyLog = (line: string): boolean => line.endsWith(`-wal ${sha256Hex(new Uint8Array())}`);
  return [...contents(ann.root), ...contents(dirname(ann.livePath))].filter((line) => !isEmptyLog(line)).sort();
}

function attempts(folder: MemoryFolder): readonly (() => Promise<unknown>)[] {
  return [
    () => folder.sync({}),
    () => folder.importChunks({}),
    () => folder.exportNew({}),
    () => folder.save({ title: 'x', content: 'x' }),
    () => folder.exportPreview({}),
    () => folder.search('x', {}),
  ];
}

describe.runIf(native).each(DAMAGES)('a live database that %s', (_name, damage, code, sentence) => {
  it.each(['before it is opened', 'while it is open'])(
    '(%s) is told in the state, written by nobody, and used again when it is well',
    async (when) => {
      const ann = await member();
      const copy = `${ann.livePath}.well`;
      copyFileSync(ann.livePath, copy);
      receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-bob')] });
      if (when === 'while it is open') expect((await ann.folder.state()).toShare.memories).toBe(ROWS);
      replaceBy(ann.livePath, damage);
      const before = written(ann);

      const state = await ann.folder.state();
      expect(state.problems[0]).toMatchObject({ code, message: expect.stringMatching(sentence) });
      expect(state.database).toBe(code === 'not-regular-file' ? 'not-a-file' : 'unreadable');
      // The pulse asks on for as long as the live ones are in use.
      expect(state).toMatchObject({ folder: 'ok', live: { path: ann.livePath }, toShare: { memories: 0 }, chunkTotals: { all: 1 } });
      expect(conditionOf({ state, name: '', activity: { kind: 'idle', done: 0, total: 0 }, failure: undefined }).kind).toBe(
        'database-blocked',
      );
      const findings = (await ann.folder.doctor()).findings.filter(({ code: found }) => found === 'database-problem');
      expect(findings).toMatchObject([{ sentence: state.problems[0]?.message }]);
      for (const attempt of attempts(ann.folder)) {
        await expect(attempt()).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) });
      }
      const damagedVersion = await ann.folder.databaseVersion();
      expect(await ann.folder.databaseVersion()).toBe(damagedVersion);
      expect(written(ann)).toEqual(before);

      rmSync(ann.livePath, { recursive: true, force: true });
      renameSync(copy, ann.livePath);
      expect(await ann.folder.databaseVersion()).not.toBe(damagedVersion);
      expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [], toShare: { memories: ROWS } });
      expect(await ann.folder.sync({})).toMatchObject({ imported: { memories: 1 }, exported: { memories: ROWS } });
      expect(integrityOf(ann.livePath)).toEqual(['ok']);
    },
  );
});

describe.runIf(native)('a folder’s own database that the Engram program has opened', () => {
  it('is not set aside when it is damaged: it is told, left as it is, and used again when it is well', async () => {
    const root = engramFolder();
    const path = join(root, 'engram.db');
    makeLiveDatabase(path);
    withLive(path, (database) => {
      for (let index = 0; index < ROWS; index++) agentSaves(database, `obs-${index}`, { content: 'x'.repeat(1000) });
    });
    const folder = openIn(root);
    expect((await folder.state()).toShare.memories).toBe(ROWS);
    copyFileSync(path, `${path}.well`);
    replaceBy(path, tear);
    expect(await folder.state()).toMatchObject({ database: 'unreadable', problems: [{ code: 'store-corrupt' }] });
    await expect(folder.sync({})).rejects.toMatchObject({ code: 'store-corrupt' });
    expect(readdirSync(root).filter((name) => name.includes('.damaged'))).toEqual([]);
    renameSync(`${path}.well`, path);
    expect(await folder.state()).toMatchObject({ database: 'ok', problems: [] });
    expect(await folder.sync({})).toMatchObject({ exported: { memories: ROWS } });
  });
});

describe.runIf(native)('what stands beside a live database', () => {
  it('may be a log of nothing but garbage: what was written before it is there', async () => {
    const ann = await member();
    writeFileSync(`${ann.livePath}-wal`, 'no log at all, '.repeat(5000));
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [], toShare: { memories: ROWS } });
    expect(await ann.folder.sync({})).toMatchObject({ exported: { memories: ROWS } });
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('may be taken away while it is open', async () => {
    const ann = await member();
    await ann.folder.state();
    rmSync(`${ann.livePath}-shm`);
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [] });
    await ann.folder.save({ title: 'A walrus', content: 'c', project: 'demo' });
    await ann.folder.close();
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
    expect(ann.titles()).toContain('A walrus');
  });

  it('may be a folder in the place of the shared memory: nothing is written that could not be recorded', async () => {
    const ann = await member();
    mkdirSync(`${ann.livePath}-shm`);
    await ann.folder.state();
    await expect(ann.folder.sync({})).rejects.toMatchObject({ message: expect.stringMatching(/^engram\.db /) });
    expect(chunkNames(ann.root)).toEqual([]);
    rmSync(`${ann.livePath}-shm`, { recursive: true });
    await ann.reopen();
    expect(await ann.folder.sync({})).toMatchObject({ exported: { memories: ROWS } });
  });

  it('may be a folder in the place of the log: it is told, and goes on when that is gone', async () => {
    const end = '-wal';
    const ann = await member();
    mkdirSync(`${ann.livePath}${end}`);
    const state = await ann.folder.state();
    expect(state.problems).toMatchObject([{ severity: 'error', message: expect.stringMatching(/^engram\.db/) }]);
    expect(conditionOf({ state, name: '', activity: { kind: 'idle', done: 0, total: 0 }, failure: undefined }).kind).toBe(
      'database-blocked',
    );
    await expect(ann.folder.sync({})).rejects.toMatchObject({ code: state.problems[0]?.code });
    expect(chunkNames(ann.root)).toEqual([]);
    rmSync(`${ann.livePath}${end}`, { recursive: true });
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [], toShare: { memories: ROWS } });
  });
});

const isRoot = process.getuid?.() === 0;
const hasModes = process.platform !== 'win32' && !isRoot;
if (native && !hasModes) process.stdout.write('permissions of a live database: not for root, nor on Windows, so they are skipped.\n');

describe.runIf(native && hasModes)('a live database with other permissions', () => {
  it.each([
    ['may not be opened', 0o000, 0o700, 'io-failed'],
    ['may not be opened in a folder that is closed', 0o600, 0o000, 'io-failed'],
    ['stands in a folder where nothing may be made', 0o600, 0o500, 'read-only'],
  ])('that %s is told, and used again when it may', async (_name, file, folder, code) => {
    const ann = await member();
    chmodSync(ann.livePath, file);
    chmodSync(dirname(ann.livePath), folder);
    try {
      expect(await ann.folder.state()).toMatchObject({ database: 'unreadable', problems: [{ code }] });
      for (const attempt of attempts(ann.folder)) await expect(attempt()).rejects.toMatchObject({ code });
    } finally {
      chmodSync(dirname(ann.livePath), 0o700);
      chmodSync(ann.livePath, 0o600);
    }
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [], toShare: { memories: ROWS } });
  });

  it('that may only be read is told, and nothing is made beside it that would keep others from writing it', async () => {
    const ann = await member();
    receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-bob')] });
    const before = written(ann);
    chmodSync(ann.livePath, 0o400);
    expect(await ann.folder.state()).toMatchObject({ database: 'unreadable', problems: [{ code: 'read-only' }] });
    for (const attempt of attempts(ann.folder)) await expect(attempt()).rejects.toMatchObject({ code: 'read-only' });
    expect(written(ann)).toEqual(before);
    chmodSync(ann.livePath, 0o600);
    expect(await ann.folder.sync({})).toMatchObject({ imported: { memories: 1 }, exported: { memories: ROWS } });
  });
});

/** In a process of its own: those of one process share what they know of the log. */
function saveElsewhere(path: string, title: string): void {
  const sql = `INSERT INTO observations(sync_id, session_id, type, title, content, project, scope)
    VALUES('obs-elsewhere', 'manual-save-demo', 'manual', '${title}', 'c', 'demo', 'project')`;
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`;
  execFileSync(process.execPath, ['--no-warnings', '-e', script, path, sql]);
}

describe.skipIf(!native)('a backup that is put back while the database is open, its log taken away', () => {
  it('is what is read and written from then on: nobody’s memory is lost, and none of the old log comes into it', async () => {
    const member = new LiveMember();
    member.agent((database) => agentSaves(database, 'obs-1', { title: 'Before' }));
    const restore = member.backup('over');
    member.agent((database) => agentSaves(database, 'obs-2', { title: 'After the backup' }));
    await member.folder.initialise();
    await member.folder.save({ title: 'Ours, after the backup', content: 'c' });
    const version = await member.folder.databaseVersion();
    restore();
    saveElsewhere(member.livePath, 'By an agent, after it was put back');
    expect(await member.folder.databaseVersion()).not.toBe(version);
    expect((await member.folder.state()).toShare.memories).toBe(2);
    await member.folder.save({ title: 'Ours, after it was put back', content: 'c' });
    await member.folder.close();
    expect(member.titles()).toEqual(['Before', 'By an agent, after it was put back', 'Ours, after it was put back']);
    expect(integrityOf(member.livePath)).toEqual(['ok']);
  });
});
