import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { EXIT } from '../../../src/folder/commandAnswer.ts';
import { runCommandLine } from '../../../src/folder/commandLine.ts';
import type { Store } from '../../../src/folder/store.ts';
import { Syncer, type SyncerOptions } from '../../../src/folder/syncer.ts';
import { chunkNames, chunkText, engramFolder, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { storeAt, syncerOf } from '../../support/library.ts';
import { agentSaves, integrityOf, makeLiveDatabase, withLive } from '../../support/liveDatabase.ts';
import { deletion, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';
import { ListingMemoryTransport } from '../../support/memoryTransport.ts';

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so the library on a live database is skipped.\n');

/** The Engram program's data directory, with memories of two projects, and a repository of one of them. */
function world(): { readonly livePath: string; readonly root: string } {
  const home = join(temporaryFolder(), '.engram');
  mkdirSync(home);
  const livePath = join(home, 'engram.db');
  makeLiveDatabase(livePath);
  withLive(livePath, (database) => {
    agentSaves(database, 'obs-own');
    agentSaves(database, 'obs-personal', { scope: 'personal' });
    agentSaves(database, 'obs-secret', { project: 'other', title: 'Secret' });
  });
  vi.stubEnv('ENGRAM_DATA_DIR', home);
  return { livePath, root: engramFolder() };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

function local(store: Store, root: string, options: SyncerOptions = { project: 'demo' }): Syncer {
  return Syncer.local(store, root, options);
}

const exported = (root: string): string =>
  chunkNames(root)
    .map((name) => chunkText(root, name.replace('.jsonl.gz', '')))
    .join('\n');

/** In a process of its own: the locks of a process are all its own. */
function program(livePath: string, statements: string): string {
  const script = `const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(livePath)}); ${statements}; db.close();`;
  return execFileSync(process.execPath, ['--no-warnings', '-e', script], { encoding: 'utf8' });
}

function programWrites(livePath: string, session: string): void {
  program(livePath, `db.exec("INSERT INTO sessions(id, project, directory) VALUES('${session}', 'demo', '/x')")`);
}

function programSees(livePath: string): unknown {
  return JSON.parse(
    program(livePath, `console.log(JSON.stringify(db.prepare('SELECT title FROM observations').all().map((row) => row.title)))`),
  );
}

function titles(livePath: string): unknown[] {
  const sql = 'SELECT title FROM observations WHERE deleted_at IS NULL ORDER BY id';
  return withLive(livePath, (database) => database.prepare(sql).all()).map((row) => row['title']);
}

describe.runIf(native)('a syncer on the live database', () => {
  it('lets out the memories of one project, none of them personal, and leaves nothing in the program’s folder', async () => {
    const { livePath, root } = world();
    const store = await storeAt(livePath);
    expect(await local(store, root).export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1 });
    expect(exported(root)).toContain('obs-own');
    expect(exported(root)).not.toMatch(/obs-secret|obs-personal|other/);
    expect(await local(store, root).export({ createdBy: 'ann' })).toMatchObject({ isEmpty: true });
    await store.close();
    expect(readdirSync(dirname(livePath)).filter((name) => !name.startsWith('engram.db'))).toEqual([]);
    expect(await local(store, root).export({ createdBy: 'ann', project: 'other' })).toMatchObject({ observationsExported: 1 });
  });

  it('finds the project of the folder by itself', async () => {
    const { livePath, root } = world();
    const name = basename(dirname(root)).toLowerCase();
    withLive(livePath, (database) => agentSaves(database, 'obs-found', { project: name }));
    const store = await storeAt(livePath);
    expect(await local(store, root, {}).export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1 });
    expect(exported(root)).toContain('obs-found');
  });

  it('keeps a hostile deletion from other projects, counts it, and obeys when it is asked to', async () => {
    const { livePath, root } = world();
    const store = await storeAt(livePath);
    const id = receive(root, { mutations: [deletion('obs-secret'), deletion('obs-own')] });
    const syncer = local(store, root);
    expect(await syncer.import()).toMatchObject({ chunksImported: 1, heldBack: 1, problems: [] });
    expect(titles(livePath)).toEqual(['Title of obs-personal', 'Secret']);
    await syncer.export({ createdBy: 'ann' });
    // Another run, which remembers nothing.
    expect(await local(store, root).import()).toMatchObject({ heldBack: 1 });
    expect(titles(livePath)).toContain('Secret');
    expect(await syncer.import({ ids: [id], otherProjects: true })).not.toHaveProperty('heldBack');
    expect(titles(livePath)).toEqual(['Title of obs-personal']);
    expect(integrityOf(livePath)).toEqual(['ok']);
  });

  it('over a transport has to be told the project', async () => {
    const { livePath } = world();
    const store = await storeAt(livePath);
    const transport = new ListingMemoryTransport();
    await expect(syncerOf(store, transport).import()).rejects.toMatchObject({ code: 'invalid-input', subject: 'project' });
    await expect(syncerOf(store, transport).export({ createdBy: 'x' })).rejects.toMatchObject({ code: 'invalid-input' });
    const syncer = Syncer.withTransport(store, transport, { project: 'demo' });
    expect(await syncer.export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1 });
  });

  it('makes none where there is none', async () => {
    const { livePath, root } = world();
    const path = join(dirname(livePath), 'other.db');
    const store = await storeAt(path);
    await expect(store.save({ title: 't', content: 'c', project: 'demo' })).rejects.toMatchObject({ code: 'store-in-data-directory' });
    await expect(local(store, root).export({ createdBy: 'x' })).rejects.toMatchObject({ code: 'store-in-data-directory' });
    expect(readdirSync(dirname(livePath)).filter((name) => !name.startsWith('engram.db'))).toEqual([]);
  });
});

describe.runIf(native)('a store on the live database', () => {
  it('saves, edits and deletes beside the program, whose journal is told', async () => {
    const { livePath } = world();
    const store = await storeAt(livePath);
    const { syncId } = await store.save({ title: 'Ours', content: 'c', project: 'demo' });
    await store.edit(syncId, { title: 'Edited' });
    await store.remove(syncId);
    const sql = 'SELECT op FROM sync_mutations WHERE entity_key = ? ORDER BY seq';
    expect(withLive(livePath, (database) => database.prepare(sql).all(syncId)).map((row) => row['op'])).toEqual([
      'upsert',
      'upsert',
      'delete',
    ]);
    expect(integrityOf(livePath)).toEqual(['ok']);
  });

  it('and a syncer beside it never make the program believe that it is alone', async () => {
    const { livePath, root } = world();
    const store = await storeAt(livePath);
    await store.save({ title: 'First', content: 'c', project: 'demo' });
    await local(store, root).export({ createdBy: 'ann' });
    // Whoever closes a database as the last one takes its log away.
    programWrites(livePath, 's-agent-1');
    await store.save({ title: 'Second', content: 'd', project: 'demo' });
    programWrites(livePath, 's-agent-2');
    await store.save({ title: 'Third', content: 'e', project: 'demo' });
    expect(programSees(livePath)).toEqual(expect.arrayContaining(['First', 'Second', 'Third']));
    await store.close();
    expect(titles(livePath)).toEqual(expect.arrayContaining(['First', 'Second', 'Third']));
    const sessions = withLive(livePath, (database) => database.prepare(`SELECT id FROM sessions WHERE id LIKE 's-agent%'`).all());
    expect(sessions).toHaveLength(2);
    expect(integrityOf(livePath)).toEqual(['ok']);
  });
});

describe.runIf(native)('the command line on the live database', () => {
  it('lets out one project, and keeps a hostile deletion from the others until it is named', async () => {
    const { livePath, root } = world();
    const lines: string[] = [];
    const run = (...args: string[]): Promise<number> => {
      const environment = {
        wasmPath: WASM_PATH,
        version: '0',
        env: process.env,
        cwd: dirname(root),
        out: (line: string) => lines.push(line),
        err: (line: string) => lines.push(line),
      };
      return runCommandLine([...args, '--database', 'live', '--project', 'demo'], environment);
    };
    const id = receive(root, {
      sessions: [sessionRow('s-bob')],
      observations: [memoryRow('obs-bob')],
      mutations: [deletion('obs-secret')],
    });
    expect(await run('export', '--preview')).toBe(EXIT.ok);
    expect(chunkNames(root)).toEqual([`${id}.jsonl.gz`]);
    expect(await run('sync')).toBe(EXIT.ok);
    expect(lines.join('\n')).toMatch(/1 change.* other projects/i);
    expect(exported(root)).toContain('obs-own');
    expect(exported(root)).not.toMatch(/"sync_id":"obs-secret"|obs-personal/);
    expect(titles(livePath)).toContain('Secret');
    expect(await run('import', '--other-projects', id)).toBe(EXIT.ok);
    expect(titles(livePath)).not.toContain('Secret');
  });
});
