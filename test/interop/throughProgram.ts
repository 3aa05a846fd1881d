import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { FolderOptions } from '../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../src/openFolder.ts';
import { chunkNames, entry, openIn, putChunk, putManifest, readChunk, temporaryFolder } from '../support/folder.ts';
import { deletion, memoryRow, mutation, receive, sessionRow } from '../support/liveMember.ts';
import { scriptProgram } from '../support/oddProgram.ts';
import type { EngramProgram } from './programs.ts';
import { Teammate } from './teammate.ts';

const SECRET = 'nobody may read this in a list of processes';

interface Member {
  readonly root: string;
  readonly gopher: Teammate;
  readonly ours: MemoryFolder;
  /** What the program was called with so far. */
  readonly calls: () => string;
}

/** The program behind a script that writes down its arguments, as a list of processes would show them. */
function watched(program: EngramProgram): { readonly path: string; readonly calls: () => string } {
  const folder = temporaryFolder();
  const [path, log] = [join(folder, 'engram'), join(folder, 'calls')];
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nexec '${program.path}' "$@"\n`);
  chmodSync(path, 0o755);
  return { path, calls: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') };
}

/** A host without SQLite of its own, and the program's database. */
async function member(program: EngramProgram, options: Partial<FolderOptions> = {}): Promise<Member> {
  // Outside of a repository the program takes the folder's name as the project.
  const root = join(temporaryFolder(), 'demo', '.engram');
  mkdirSync(root, { recursive: true });
  const gopher = new Teammate(program);
  await gopher.open(dirname(root));
  // Each start asks GitHub for the newest release; nobody has to wait for that here.
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { path, calls } = watched(program);
  const live: Partial<FolderOptions> = { database: 'live', livePath: gopher.databasePath, program: { path, notIn: [] } };
  const ours = openIn(root, { ...live, project: 'demo', ...options }, undefined, { findNative: () => undefined });
  return { root, gopher, ours, calls };
}

/** Where nothing here can write the program's database, the program itself is asked to. */
export function throughProgram(program: EngramProgram): void {
  const applies = program.generation === 'applies';

  it('imports what waits by the program, and says what did not come', async () => {
    const { root, gopher, ours, calls } = await member(program);
    receive(root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1'), memoryRow('obs-2')] });
    expect(await ours.state()).toMatchObject({ database: 'foreign', program: { path: expect.any(String) }, chunkTotals: { waiting: 1 } });
    expect(await ours.programPreview()).toMatchObject({ chunks: 1, arrivals: { memories: 2, edits: 0 }, otherProjects: 0 });
    expect(calls()).toBe('');
    expect(await ours.programSync({})).toMatchObject({
      imported: { chunks: 1, memories: 2 },
      notBrought: 0,
      putBack: 0,
      setBack: 0,
      waiting: 0,
      shared: { chunkIds: [] },
    });
    expect(gopher.query('SELECT count(*) AS n FROM observations')).toEqual({ n: 2 });
    const row = memoryRow('obs-1', { title: 'Edited', revision_count: 2, updated_at: '2026-02-01 10:00:00' });
    receive(root, { mutations: [mutation('upsert', 'obs-1', row), deletion('obs-2')] });
    expect(await ours.programPreview()).toMatchObject({ chunks: 1, arrivals: { memories: 0, edits: 1, deletes: 1 } });
    const later = await ours.programSync({});
    expect(later).toMatchObject({ waiting: 0, notBrought: applies ? 0 : 2, imported: applies ? { edits: 1, deletes: 1 } : { edits: 0 } });
    expect((await ours.memory('obs-1')).title).toBe(applies ? 'Edited' : 'Title of obs-1');
    expect(await ours.state()).toMatchObject({ chunkTotals: { waiting: 0, imported: 2 } });
    expect(calls()).toBe('sync --import\nsync --import\n');
  });

  it('shares by the program what the team lacks, prompts and personal memories too, and our engine reads it', async () => {
    const { root, gopher, ours } = await member(program);
    const folder = dirname(root);
    for (const [title, scope] of [
      ['Of all', 'project'],
      ['Of me', 'personal'],
    ] as const)
      await gopher.run(folder, ['save', title, 'a walrus', '--project', 'demo', '--scope', scope]);
    await gopher.run(folder, ['save', 'Of another', 'a walrus', '--project', 'other']);
    gopher.write((database) =>
      database.exec(
        `INSERT INTO user_prompts(sync_id, session_id, content, project) SELECT 'prompt-1', id, 'a wish', 'demo' FROM sessions WHERE project = 'demo'`,
      ),
    );
    expect(await ours.programPreview()).toMatchObject({ chunks: 0, personal: 1, share: { project: 'demo', memories: 2, prompts: 1 } });
    expect(chunkNames(root)).toEqual([]);
    const { shared, stopped } = await ours.programSync({ share: true });
    expect(stopped).toBeUndefined();
    expect(shared).toMatchObject({ memories: 2, personal: 1, prompts: 1, chunkIds: [expect.any(String)] });
    const chunk = await readChunk(root, shared.chunkIds[0] ?? '');
    expect(chunk.observations.map(({ title }) => title).sort()).toEqual(['Of all', 'Of me']);
    const other = openIn(root);
    expect(await other.state()).toMatchObject({ manifest: 'ok', chunkTotals: { all: 1, waiting: 1 } });
    expect(await other.importChunks({})).toMatchObject({ memories: 2, prompts: 1, problems: [] });
    expect(await ours.programPreview()).toMatchObject({ share: { memories: 0, prompts: 0 } });
    expect((await ours.programSync({ share: true })).shared.chunkIds).toEqual([]);
  });

  it('saves, edits and deletes by the program’s tools, and nothing private stands among its arguments', async () => {
    const { gopher, ours, calls } = await member(program);
    const memory = { title: `About ${SECRET}`, content: SECRET, type: 'decision' };
    const saved = await ours.save(memory);
    expect(saved).toMatchObject({ outcome: 'created', title: memory.title });
    expect(await ours.memory(saved.syncId)).toMatchObject({ content: SECRET, type: 'decision', project: 'demo', deleted: false });
    expect(await ours.save(memory)).toEqual({ ...saved, outcome: 'repeated' });
    await ours.edit(saved.syncId, { content: `${SECRET} <private>really</private>`, title: 'Changed' });
    const row = gopher.query('SELECT title, content FROM observations WHERE sync_id = ?', saved.syncId);
    expect(row).toEqual({ title: 'Changed', content: expect.stringMatching(/^nobody.*REDACTED/) });
    const [topic, again] = [
      { title: 'One', content: 'x', topicKey: 'a/b' },
      { title: 'Two', content: 'y', topicKey: 'a/b' },
    ];
    expect((await ours.save(again)).syncId).toBe((await ours.save(topic)).syncId);
    await ours.remove(saved.syncId);
    expect(await ours.memory(saved.syncId)).toMatchObject({ deleted: true });
    await expect(ours.edit(saved.syncId, { title: 'x' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(ours.save({ title: ' ', content: 'x' })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(calls()).toBe('mcp\n'.repeat(6));
    expect(gopher.query('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
  });

  it('saves into the project that the folder shares, or not at all', async () => {
    const { gopher, ours } = await member(program, { project: 'chosen' });
    const saving = ours.save({ title: 'Mine', content: 'x' });
    if (applies) expect(await ours.memory((await saving).syncId)).toMatchObject({ project: 'chosen' });
    else
      await expect(saving).rejects.toMatchObject({
        code: 'program-failed',
        message: expect.stringMatching(/“demo”.*“chosen”.*Nothing was saved/),
      });
    expect(gopher.query('SELECT count(*) AS n FROM observations')).toEqual({ n: applies ? 1 : 0 });
  });

  it('stops where the program stops, and says why and what still waits', async () => {
    const { root, ours } = await member(program);
    receive(root, { observations: [memoryRow('obs-1', { session_id: 's-nowhere' })], sessions: [] });
    const before = await ours.programSync({ share: true });
    if (applies) expect(before).toMatchObject({ waiting: 0 });
    else
      expect(before).toMatchObject({
        waiting: 1,
        stopped: { step: 'import', reason: expect.stringContaining('FOREIGN KEY') },
        shared: { chunkIds: [] },
      });
    putChunk(root, 'broken-one', 'no JSON');
    putChunk(root, 'bbbbbbbb', '{"sessions":[]}');
    const manifest = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as { chunks: object[] };
    putManifest(root, { ...manifest, chunks: [...manifest.chunks, entry('broken-one'), entry('bbbbbbbb')] });
    expect(await ours.programPreview()).toMatchObject({ unreadable: 1, altered: 1 });
    const after = await ours.programSync({ share: true });
    expect(after.stopped).toMatchObject({ step: 'import', reason: expect.stringMatching(/\S/) });
    expect(after.waiting).toBeGreaterThan(0);
    expect((await ours.programSync({ share: true, skipImport: true })).stopped).toBeUndefined();
  });

  /** A memory that is newer here than in the chunk that waits, and one of another project that the chunk deletes. */
  function newerHere({ root, gopher }: Pick<Member, 'root' | 'gopher'>): void {
    gopher.write((database) =>
      database.exec(`INSERT INTO sessions(id, project, directory) VALUES('s-bob', 'demo', 'demo');
      INSERT INTO observations(sync_id, session_id, type, title, content, project, scope, created_at, updated_at)
      VALUES('obs-1', 's-bob', 'manual', 'Newer', 'x', 'demo', 'project', '2026-01-01 10:00:00', '2026-03-01 10:00:00'),
      ('obs-other', 's-bob', 'manual', 'Of another', 'x', 'other', 'project', '2026-01-01 10:00:00', '2026-01-01 10:00:00')`),
    );
    receive(root, { sessions: [sessionRow('s-bob')], mutations: [mutation('upsert', 'obs-1', memoryRow('obs-1')), deletion('obs-other')] });
  }

  it('costs no edit: what its release sets back is put back', async () => {
    const { root, gopher, ours } = await member(program);
    newerHere({ root, gopher });
    expect(await ours.programPreview()).toMatchObject({ newerHere: 1, otherProjects: 1, arrivals: { deletes: 1 } });
    expect(await ours.programSync({})).toMatchObject({ putBack: applies ? 1 : 0, setBack: 0 });
    expect(await ours.memory('obs-1')).toMatchObject({ title: 'Newer', content: 'x' });
  });

  it('costs no edit either where the import is cancelled after it has done its work', async () => {
    const imported = join(temporaryFolder(), 'imported');
    const slow = scriptProgram(`'${program.path}' "$@" || exit; case "$*" in *--import) touch '${imported}'; sleep 30;; esac`);
    const { root, gopher, ours } = await member(program, { program: { path: slow, notIn: [] } });
    newerHere({ root, gopher });
    const controller = new AbortController();
    const asked = expect(ours.programSync({}, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => existsSync(imported), { timeout: 10_000 }).toBe(true);
    controller.abort();
    await asked;
    expect(gopher.query(`SELECT title FROM observations WHERE sync_id = 'obs-1'`)).toEqual({ title: 'Newer' });
  });

  it('shares all of a folder’s own database that it has opened', async () => {
    const root = join(temporaryFolder(), 'demo', '.engram');
    const first = openIn(root);
    await first.initialise();
    await first.save({ title: 'Ours', content: 'a walrus', project: 'demo' });
    await first.close();
    const folder = dirname(root);
    const gopher = new Teammate(program, 'gopher', { ENGRAM_DATA_DIR: root });
    await gopher.run(folder, ['save', 'Theirs', 'a dugong', '--project', 'other']);
    const { path, calls } = watched(program);
    const ours = openIn(root, { program: { path, notIn: [folder] } }, undefined, { findNative: () => undefined });
    expect(await ours.state()).toMatchObject({ database: 'foreign', program: { path } });
    await ours.edit((await ours.search('walrus', {}))[0]?.syncId ?? '', { content: 'a narwhal' });
    expect(await ours.programPreview()).toMatchObject({ share: { project: '', memories: 2 } });
    const { shared } = await ours.programSync({ share: true });
    const chunk = await readChunk(root, shared.chunkIds[0] ?? '');
    expect(chunk.observations.map(({ content }) => content).sort()).toEqual(['a dugong', 'a narwhal']);
    expect(calls()).toBe('mcp\nsync --all\n');
  });

  it('is the only one who writes the file: whatever else is asked, not a byte changes', async () => {
    const { root, gopher, ours } = await member(program);
    receive(root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1')] });
    const bytes = (): string[] => ['', '-wal'].map((end) => hashOf(`${gopher.databasePath}${end}`));
    const before = bytes();
    await ours.state();
    await ours.programPreview();
    for (const ask of [() => ours.sync({}), () => ours.importChunks({}), () => ours.exportNew({}), () => ours.restoreKept()])
      await expect(ask()).rejects.toMatchObject({ code: 'store-foreign' });
    await ours.search('x', {});
    expect(bytes()).toEqual(before);
    await ours.programSync({});
    expect(bytes()).not.toEqual(before);
    const after = bytes();
    await ours.state();
    await ours.close();
    expect(bytes()).toEqual(after);
  });
}

function hashOf(path: string): string {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
}
