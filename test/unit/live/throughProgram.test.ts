import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FolderOptions } from '../../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { chunkNames, openIn, putManifest, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { agentSaves, withLive } from '../../support/liveDatabase.ts';
import { LiveMember, memoryRow, mutation, receive, sessionRow } from '../../support/liveMember.ts';
import { oddProgram, scriptProgram } from '../../support/oddProgram.ts';

/** A folder in an editor without SQLite of its own, and the program's database with one memory. */
function member(path: string, options: Partial<FolderOptions> = {}): { readonly live: LiveMember; readonly folder: MemoryFolder } {
  const live = new LiveMember();
  withLive(live.livePath, (database) => agentSaves(database, 'obs-1'));
  const program = { path, notIn: [] };
  const folder = openIn(live.root, { ...live.options, program, ...options }, WASM_PATH, { findNative: () => undefined });
  return { live, folder };
}

/** Says that all went well. */
const LIAR = `echo called >> "$ENGRAM_DATA_DIR/calls"; exit 0`;
const wasCalled = ({ livePath }: LiveMember): boolean => existsSync(join(livePath, '..', 'calls'));

describe.skipIf(process.platform === 'win32')('where only the Engram program can write (needs a shell)', () => {
  it('the state says whether it is there, and a chunk that it has recorded is imported', async () => {
    const path = scriptProgram(LIAR);
    const { live, folder } = member(path);
    const [one, two] = [
      receive(live.root, { sessions: [sessionRow('s-bob')] }),
      receive(live.root, { observations: [memoryRow('obs-2')] }),
    ];
    withLive(live.livePath, (database) => database.exec(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', '${one}')`));
    const state = await folder.state();
    expect(state).toMatchObject({ database: 'foreign', program: { path }, chunkTotals: { all: 2, imported: 1, waiting: 1 } });
    expect(state.chunks.find(({ waiting }) => waiting)?.id).toBe(two);
    expect(wasCalled(live)).toBe(false);
  });

  it('nothing is looked for where the driver is there, nobody may run it, or the workspace is not trusted', async () => {
    const path = scriptProgram(LIAR);
    const { live, folder } = member(path, { trusted: false });
    expect((await folder.state()).program).toBeUndefined();
    for (const ask of [() => folder.programSync({}), () => folder.programPreview(), () => folder.save({ title: 'x', content: 'y' })])
      await expect(ask()).rejects.toMatchObject({ code: 'untrusted' });
    expect((await openIn(live.root, { ...live.options, program: { path, notIn: [] } }).state()).program).toBeUndefined();
    const commandLine = openIn(live.root, live.options, WASM_PATH, { findNative: () => undefined });
    expect(await commandLine.state()).toMatchObject({ database: 'foreign' });
    expect((await commandLine.state()).program).toBeUndefined();
    await expect(commandLine.programSync({})).rejects.toMatchObject({ code: 'store-foreign' });
    expect(wasCalled(live)).toBe(false);
  });

  it.each([
    ['engram', /path of the engram program in the settings is not absolute.*Nothing was changed/],
    ['/nowhere/engram', /nothing that can be run/],
  ])('a path of %s is told, and nothing is written', async (path, message) => {
    const { folder } = member(path);
    expect((await folder.state()).program).toMatchObject({ path: '', problem: expect.any(String) });
    const refused = { code: 'store-foreign', message: expect.stringMatching(message) };
    await expect(folder.save({ title: 'x', content: 'y' })).rejects.toMatchObject(refused);
    await expect(folder.edit('obs-1', { title: 'x' })).rejects.toMatchObject(refused);
    await expect(folder.remove('obs-1')).rejects.toMatchObject(refused);
    await expect(folder.programSync({ share: true })).rejects.toMatchObject(refused);
  });

  it('a database of another program is not given to it', async () => {
    const { live, folder } = member(scriptProgram(LIAR));
    withLive(live.livePath, (database) => {
      const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%fts5%'`).all();
      for (const trigger of database.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).all())
        database.exec(`DROP TRIGGER ${trigger['name']}`);
      for (const table of ['observations_fts', 'prompts_fts']) database.exec(`DROP TABLE ${table}`);
      database.exec('PRAGMA foreign_keys = OFF');
      for (const { name } of tables) if (!/_fts|sqlite_/.test(String(name))) database.exec(`DROP TABLE IF EXISTS ${name}`);
      database.exec('CREATE TABLE somebody_elses(a)');
    });
    expect(await folder.state()).toMatchObject({ database: 'foreign' });
    expect((await folder.state()).program).toBeUndefined();
    await expect(folder.programSync({})).rejects.toMatchObject({ code: 'store-foreign' });
    expect(wasCalled(live)).toBe(false);
  });

  it('what it says counts for nothing: only what stands in its database and in the chunks', async () => {
    const { live, folder } = member(scriptProgram(LIAR));
    receive(live.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-2')] });
    expect(await folder.programSync({ share: true })).toEqual({
      imported: { chunks: 0, memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0 },
      notBrought: 0,
      putBack: 0,
      setBack: 0,
      waiting: 1,
      shared: { chunkIds: [], memories: 0, personal: 0, prompts: 0, sessions: 0, mutations: 0 },
    });
    expect(wasCalled(live)).toBe(true);
  });

  it('a save, an edit and a deletion that did not happen are told', async () => {
    const { folder } = member(oddProgram('well'));
    const failed = (message: RegExp) => ({ code: 'program-failed', message: expect.stringMatching(message) });
    await expect(folder.save({ title: 'x', content: 'y' })).rejects.toMatchObject(failed(/not in the database/));
    await expect(folder.edit('obs-1', { title: 'x', type: 'manual' })).rejects.toMatchObject(failed(/another title than was asked for/));
    await expect(folder.remove('obs-1')).rejects.toMatchObject(failed(/still here/));
    const refuses = member(oddProgram('refuses')).folder;
    await expect(refuses.save({ title: 'x', content: 'y' })).rejects.toMatchObject(failed(/disk I\/O error.*Nothing was changed/));
  });

  it('says why it stopped, and shares nothing after an import that stopped', async () => {
    const script = `echo 'A newer release is out' >&2; echo 'engram: parse chunk x: bad' >&2; case "$*" in *--import*) exit 1;; esac; echo > .engram/chunks/dddddddd.jsonl.gz`;
    const { live, folder } = member(scriptProgram(script));
    receive(live.root, { observations: [memoryRow('obs-2')] });
    const summary = await folder.programSync({ share: true });
    expect(summary).toMatchObject({ waiting: 1, stopped: { step: 'import', reason: 'parse chunk x: bad' }, shared: { chunkIds: [] } });
    expect(chunkNames(live.root)).toHaveLength(1);
    expect(await folder.programSync({ share: true, skipImport: true })).toMatchObject({ waiting: 1, shared: { chunkIds: ['dddddddd'] } });
  });

  it('is cancelled with the request', async () => {
    const { live, folder } = member(scriptProgram('sleep 30'));
    receive(live.root, { observations: [memoryRow('obs-2')] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const started = performance.now();
    await expect(folder.programSync({}, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(existsSync(join(live.root, '.lock'))).toBe(false);
  });

  it('is not run beside a manifest that cannot be read, or a link that it would follow', async () => {
    const { live, folder } = member(scriptProgram(LIAR));
    receive(live.root, { observations: [memoryRow('obs-2')] });
    const secret = join(temporaryFolder(), 'secret');
    writeFileSync(secret, 'x');
    symlinkSync(secret, join(live.root, 'chunks', 'cccccccc.jsonl.gz'));
    await expect(folder.programSync({})).rejects.toMatchObject({ code: 'not-regular-file' });
    putManifest(live.root, '<<<<<<< HEAD\n');
    await expect(folder.programSync({})).rejects.toMatchObject({ code: 'manifest-conflict' });
    expect(wasCalled(live)).toBe(false);
  });

  it('what is new is counted against the chunks, without an import', async () => {
    const { live, folder } = member(scriptProgram(LIAR));
    receive(live.root, { sessions: [sessionRow('manual-save-demo')], observations: [memoryRow('obs-0')] });
    withLive(live.livePath, (database) => {
      agentSaves(database, 'obs-2', { scope: 'personal', type: 'decision' });
      agentSaves(database, 'obs-3', { project: 'other' });
    });
    const edited = memoryRow('obs-3', { title: 'Edited', project: 'other', updated_at: '2027-01-01 10:00:00' });
    receive(live.root, { mutations: [mutation('upsert', 'obs-3', edited)] });
    const preview = await folder.programPreview();
    expect(preview).toMatchObject({ chunks: 2, arrivals: { memories: 1, edits: 1 }, otherProjects: 1, personal: 1 });
    expect(preview.share).toMatchObject({ project: 'demo', memories: 2, prompts: 0 });
    expect(await folder.exportPreview({ includePersonal: true })).toMatchObject({ memories: 2 });
    expect(wasCalled(live)).toBe(false);
  });
});
