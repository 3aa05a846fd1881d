import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findGit } from '../../../src/adapters/gitProcess.ts';
import { loadSqlJs, openSqlJs } from '../../../src/adapters/sqlJs.ts';
import type { HealthFinding, HealthReport } from '../../../src/engine/health.ts';
import { isHealthy } from '../../../src/engine/health.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { memoryRecord, mutationRecord, putFolder, putRecords, sessionRecord } from '../../support/chunks.ts';
import { chunkText, engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { repositoryAt, testRepository } from '../../support/gitRepository.ts';
import { databaseFrom } from '../../support/goldenDatabase.ts';

const codes = (report: HealthReport): string[] => report.findings.map(({ code }) => code);
const named = (report: HealthReport, code: string): HealthFinding | undefined => report.findings.find((finding) => finding.code === code);
const titles = (report: HealthReport, code: string): string[] => named(report, code)?.items.map(({ text }) => text) ?? [];

async function diagnosed(
  chunks: readonly object[],
  manifest: object = {},
): Promise<{ folder: MemoryFolder; report: HealthReport; root: string }> {
  const root = engramFolder();
  putFolder(root, chunks, manifest);
  const folder = openIn(root);
  await folder.importChunks({});
  const report = await folder.doctor();
  expect(report.findings.filter(({ fix }) => fix === undefined)).toEqual([]);
  return { folder, root, report };
}

describe('would a fresh clone restore everything?', () => {
  it('names what is not exported, then not committed, then not pushed, then nothing', async () => {
    const repository = await testRepository();
    const remote = temporaryFolder();
    repositoryAt(remote).git('init', '-q', '--bare');
    await repository.write('README.md');
    repository.git('add', 'README.md');
    repository.git('commit', '-q', '-m', 'start');
    repository.git('remote', 'add', 'origin', remote);
    repository.git('push', '-q', '-u', 'origin', 'main');
    const folder = openIn(join(repository.path, '.engram'), { gitPath: findGit() });
    await folder.initialise();
    await folder.save({ title: 'Kept', content: 'a' });
    await folder.save({ title: 'Mine alone', content: 'b', scope: 'personal' });
    const saved = await folder.doctor();
    expect(titles(saved, 'row-not-exported')).toContain('Kept');
    expect(titles(saved, 'row-personal')).toEqual(['Mine alone']);
    expect(saved.clone).toMatchObject({ source: 'commit', personal: 1 });
    await folder.sync({});
    const exported = await folder.doctor();
    expect(titles(exported, 'row-not-committed')).toContain('Kept');
    expect(named(exported, 'row-not-committed')?.fix).toMatchObject({ command: 'workbench.view.scm' });
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'share');
    const committed = await folder.doctor();
    expect(titles(committed, 'row-not-pushed')).toContain('Kept');
    expect(committed.clone).toMatchObject({ source: 'remote', lost: 2 });
    repository.git('push', '-q');
    const pushed = await folder.doctor();
    expect(pushed.clone).toEqual({ source: 'commit', compared: 3, lost: 0, personal: 1 });
    expect(isHealthy(pushed)).toBe(true);
  });

  it('names an edit and a deletion that only this database has', async () => {
    const repository = await testRepository();
    const folder = openIn(join(repository.path, '.engram'), { gitPath: findGit() });
    await folder.initialise();
    const one = await folder.save({ title: 'One', content: 'a' });
    const two = await folder.save({ title: 'Two', content: 'b' });
    const three = await folder.save({ title: 'Never shared', content: 'c', scope: 'personal' });
    await folder.sync({});
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'share');
    await folder.edit(one.syncId, { title: 'One, better' });
    await folder.remove(two.syncId);
    await folder.remove(three.syncId);
    const report = await folder.doctor();
    expect(titles(report, 'row-not-exported')).toEqual(['One, better']);
    expect(named(report, 'deletion-not-shared')?.items).toEqual([{ kind: 'memory', id: two.syncId, text: 'Two' }]);
    expect(report.clone.lost).toBe(2);
  });

  it('is answered by an import: a committed chunk that cannot be read restores nothing', async () => {
    const repository = await testRepository();
    const root = join(repository.path, '.engram');
    const folder = openIn(root, { gitPath: findGit() });
    await folder.initialise();
    await folder.save({ title: 'In a torn chunk', content: 'a' });
    const { chunkIds } = (await folder.sync({})).exported;
    const file = join(root, `chunks/${chunkIds[0]}.jsonl.gz`);
    const whole = readFileSync(file);
    truncateSync(file, 60);
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'torn');
    await repository.write('unrelated');
    putChunk(root, chunkIds[0] ?? '', whole);
    const report = await folder.doctor();
    expect(titles(report, 'row-chunk-unusable')).toContain('In a torn chunk');
    expect(codes(report)).not.toContain('chunk-unreadable');
  });

  it('names what is only in a missing chunk, without git too', async () => {
    const root = engramFolder();
    const [, second] = putFolder(root, [
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] },
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-2')] },
    ]);
    const folder = openIn(root);
    await folder.importChunks({});
    rmSync(join(root, `chunks/${second}.jsonl.gz`));
    const report = await folder.doctor();
    expect(report.clone).toEqual({ source: 'folder', compared: 3, lost: 1, personal: 0 });
    expect(titles(report, 'row-chunk-missing')).toEqual(['Title of obs-2']);
    expect(named(report, 'chunk-missing')?.items).toEqual([{ kind: 'chunk', id: second, text: 'imported here' }]);
    expect(named(report, 'chunk-missing')?.fix).toMatchObject({ command: 'engram.repairManifest' });
  });

  it('changes nothing on disk', async () => {
    const { folder, root } = await diagnosed([{ sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] }], { version: 1 });
    const files = ['engram.db', 'index.db', 'manifest.json'].map((name) => readFileSync(join(root, name)));
    await folder.doctor();
    expect(['engram.db', 'index.db', 'manifest.json'].map((name) => readFileSync(join(root, name)))).toEqual(files);
  });

  it('stops when it is cancelled', async () => {
    const { folder } = await diagnosed([
      { sessions: [sessionRecord('s1')], observations: Array.from({ length: 1000 }, (_, n) => memoryRecord(`obs-${n}`)) },
    ]);
    await expect(folder.doctor({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('the files of a folder', () => {
  it('are told when they are unlisted, altered, torn, listed twice, or when their time silences older programs', async () => {
    const root = engramFolder();
    const good = putRecords(root, { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] });
    const unlisted = putRecords(root, { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-2')] });
    putChunk(root, 'deadbeef', JSON.stringify({ sessions: [sessionRecord('s2')] }));
    putChunk(root, 'cafecafe', Buffer.from('not gzip'));
    const entries = [
      entry(good),
      entry(good),
      entry('deadbeef', { created_at: '9999-01-01T00:00:00Z' }),
      entry('cafecafe', { created_at: 'soon' }),
    ];
    putManifest(root, { version: 2, chunks: [...entries, { id: '../x' }] });
    const folder = openIn(root);
    await folder.importChunks({});
    const report = await folder.doctor();
    const idsOf = (code: string) => named(report, code)?.items.map(({ id }) => id);
    expect(idsOf('chunk-unlisted')).toEqual([unlisted]);
    expect(idsOf('chunk-altered')).toEqual(['deadbeef']);
    expect(idsOf('chunk-unreadable')).toEqual(['cafecafe']);
    expect(idsOf('manifest-entry-twice')).toEqual([good]);
    expect(idsOf('entry-time')).toEqual(['deadbeef', 'cafecafe']);
    expect(named(report, 'manifest-entry-unusable')?.severity).toBe('warning');
    expect(report.findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning', 'warning', 'warning', 'info']);
  });

  it('with a manifest that git left in conflict are looked at all the same', async () => {
    const root = engramFolder();
    putRecords(root, { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1', { scope: 'personal' })] });
    putManifest(root, '{\n<<<<<<< HEAD\n"version": 1\n=======\n"version": 2\n>>>>>>> x\n}');
    const report = await openIn(root).doctor();
    expect(named(report, 'manifest-problem')?.fix).toMatchObject({ command: 'engram.repairManifest' });
    expect(codes(report)).toEqual(expect.arrayContaining(['chunk-unlisted', 'personal-committed', 'chunk-waiting']));
    expect(report.clone.source).toBe('none');
  });
});

describe('what stops, loops or hides in older programs', () => {
  it('a version 1 manifest beside sessions with an owner, until it is raised', async () => {
    const { folder, root, report } = await diagnosed([{ sessions: [sessionRecord('s1', { ownership_mode: 'project_owned' })] }], {
      version: 1,
      note: 'kept',
    });
    expect(named(report, 'manifest-version')).toMatchObject({ severity: 'error', fix: { repair: 'raise-version' } });
    expect(await folder.repairHealth(['raise-version'])).toEqual({ done: ['raise-version'], chunkIds: [] });
    expect(JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8'))).toMatchObject({ version: 2, note: 'kept' });
    expect(codes(await folder.doctor())).toEqual([]);
    expect(await folder.repairHealth(['raise-version'])).toEqual({ done: [], chunkIds: [] });
  });

  it('a chunk whose session comes too late, until its sessions stand in front', async () => {
    const { folder, root, report } = await diagnosed([
      { sessions: [sessionRecord('s0')] },
      { observations: [memoryRecord('obs-1'), memoryRecord('obs-2', { session_id: 'nowhere', project: 'lantern' })] },
      { sessions: [sessionRecord('s1', { directory: 'real' })] },
    ]);
    const [first, stopped] = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks;
    expect(named(report, 'older-session-not-before')?.items).toEqual([{ kind: 'chunk', id: stopped.id, text: 's1, nowhere' }]);
    const { chunkIds } = await folder.repairHealth(['sessions-in-front']);
    const entries = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks as {
      id: string;
      created_at: string;
      sessions: number;
    }[];
    expect(entries.map(({ id }) => id).slice(0, 3)).toEqual([first.id, chunkIds[0], stopped.id]);
    expect(entries[1]).toMatchObject({ created_at: stopped.created_at, sessions: 2, memories: 0 });
    expect(JSON.parse(chunkText(root, chunkIds[0] ?? ''))).toEqual({
      sessions: [
        { id: 's1', project: 'demo', directory: 'real', started_at: '2025-01-01 00:00:00' },
        { id: 'nowhere', project: 'lantern', directory: '(recovered-missing-session)', started_at: '1970-01-01 00:00:00' },
      ],
      observations: null,
      prompts: null,
    });
    expect(codes(await folder.doctor())).toEqual(['row-in-placeholder']);
    expect((await folder.sync({})).exported.chunkIds).toEqual([]);
    expect((await folder.repairHealth(['sessions-in-front'])).done).toEqual([]);
  });

  it('a soft delete that 1.16 repeats for ever, until one hard delete ends it', async () => {
    const deletion = { sync_id: 'obs-1', session_id: 's1', deleted: true, deleted_at: '2025-01-02 00:00:00', hard_delete: false };
    const { folder, root, report } = await diagnosed([
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1'), memoryRecord('obs-2'), memoryRecord('obs-3')] },
      {
        observations: [memoryRecord('obs-2', { deleted_at: '2025-01-02 00:00:00' })],
        mutations: [
          mutationRecord('observation', 'obs-1', 'delete', deletion),
          mutationRecord('observation', 'obs-3', 'delete', {
            sync_id: 'obs-3',
            deleted: true,
            hard_delete: true,
            deleted_at: '2025-01-02 00:00:00',
          }),
        ],
      },
    ]);
    expect(named(report, 'older-soft-delete')?.items.map(({ id }) => id)).toEqual(['obs-1', 'obs-2']);
    const { chunkIds } = await folder.repairHealth(['hard-deletes']);
    const { mutations } = JSON.parse(chunkText(root, chunkIds[0] ?? '')) as { mutations: { entity_key: string; payload: string }[] };
    expect(mutations.map(({ entity_key }) => entity_key)).toEqual(['obs-1', 'obs-2']);
    for (const { payload } of mutations)
      expect(JSON.parse(payload)).toMatchObject({ hard_delete: true, deleted_at: '2025-01-02 00:00:00' });
    const after = await folder.doctor();
    expect(codes(after)).not.toContain('older-soft-delete');
    expect(after.clone.lost).toBe(0);
    expect(await folder.search('Content', {})).toEqual([]);
    expect((await folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('a deletion that an edit has ended is no loop', async () => {
    const { report } = await diagnosed([
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] },
      { observations: [memoryRecord('obs-1', { deleted_at: '2025-01-02 00:00:00' })] },
      { mutations: [mutationRecord('observation', 'obs-1', 'upsert', memoryRecord('obs-1', { updated_at: '2025-01-04 00:00:00' }))] },
    ]);
    expect(codes(report)).not.toContain('older-soft-delete');
  });

  it('memories without an id, in several arrays, personal ones, and changes that end otherwise', async () => {
    const edit = memoryRecord('obs-1', { updated_at: '2025-01-04 00:00:00' });
    const { report } = await diagnosed([
      {
        sessions: [sessionRecord('s1')],
        observations: [memoryRecord('', { title: 'A' }), memoryRecord('', { title: 'B' }), memoryRecord('obs-1')],
      },
      {
        observations: [memoryRecord('obs-1', { revision_count: 2, scope: 'personal' })],
        mutations: [
          mutationRecord('observation', 'obs-1', 'delete', { sync_id: 'obs-1', hard_delete: true, deleted_at: '2025-01-02 00:00:00' }),
          mutationRecord('observation', 'obs-1', 'upsert', edit),
          mutationRecord('observation', ' obs-9 ', 'upsert', memoryRecord('obs-9')),
        ],
      },
    ]);
    expect(titles(report, 'older-no-sync-id')).toEqual(['A', 'B']);
    expect(named(report, 'older-in-arrays-twice')).toMatchObject({ severity: 'info', items: [{ id: 'obs-1' }] });
    expect(titles(report, 'personal-committed')).toEqual(['Title of obs-1']);
    expect(codes(report)).toEqual(expect.arrayContaining(['older-mutation-twice', 'older-mutation-key']));
  });
});

describe('the database', () => {
  it('is told of rows without a session, which a placeholder mends, and of doubles', async () => {
    const root = engramFolder();
    const insert = 'INSERT INTO observations(sync_id, session_id, type, title, content, project, normalized_hash) VALUES';
    await databaseFrom(root, [
      `INSERT INTO sessions(id, project, directory) VALUES('s1', 'demo', 'demo')`,
      `${insert}('obs-1', 'gone', 'manual', 'Dangling', 'a', 'demo', 'h1')`,
      `${insert}('obs-2', 's1', 'manual', 'Twice', 'b', 'demo', 'h2')`,
      `${insert}('obs-2', 's1', 'manual', 'Twice', 'b', 'demo', 'h2')`,
      `${insert}('obs-3', 's1', 'manual', 'Twice', 'b', 'demo', 'h2')`,
    ]);
    const folder = openIn(root);
    const report = await folder.doctor();
    expect(titles(report, 'row-without-session')).toEqual(['Dangling']);
    expect(titles(report, 'row-twice')).toEqual(['Twice (2 times)']);
    expect(titles(report, 'same-content')).toEqual(['Twice (2 times)']);
    expect(await folder.repairHealth(['placeholder-sessions'])).toMatchObject({ done: ['placeholder-sessions'] });
    expect(codes(await folder.doctor())).not.toContain('row-without-session');
    const { chunkIds } = await folder.exportNew({});
    expect(JSON.parse(chunkText(root, chunkIds[0] ?? '')).sessions.map(({ id }: { id: string }) => id)).toContain('gone');
  });

  it('says nothing of a relation to a memory that its own chunk deletes, and loses none where a deletion stands in front', async () => {
    const times = { created_at: '2026-01-01 10:00:00', updated_at: '2026-01-01 10:00:00' };
    const relation = { sync_id: 'rel-1', source_id: 'a', target_id: 'b', relation: 'related', judgment_status: 'judged', ...times };
    const deletion = mutationRecord('observation', 'b', 'delete', { sync_id: 'b', deleted: true, deleted_at: '2026-01-02 10:00:00' });
    const brings = [memoryRecord('a'), memoryRecord('b')];
    const apart = [
      { mutations: [deletion] },
      { observations: brings, mutations: [mutationRecord('relation', 'rel-1', 'upsert', relation)] },
    ];
    const together = [
      {
        observations: [memoryRecord('a')],
        mutations: [
          mutationRecord('observation', 'b', 'upsert', memoryRecord('b')),
          mutationRecord('relation', 'rel-1', 'upsert', relation),
          deletion,
        ],
      },
    ];
    for (const chunks of [apart, apart.toReversed(), together]) {
      const { report } = await diagnosed(chunks);
      expect(codes(report)).not.toContain('relation-deferred');
      expect(report.clone.lost).toBe(0);
    }
  });

  it('is told of relations that wait, and at which 1.16 stalls', async () => {
    const relation = {
      sync_id: 'rel-1',
      source_id: 'obs-1',
      target_id: 'obs-far',
      relation: 'related',
      judgment_status: 'judged',
      project: 'demo',
    };
    const times = { created_at: '2025-01-02 00:00:00', updated_at: '2025-01-02 00:00:00' };
    const { report } = await diagnosed([
      {
        sessions: [sessionRecord('s1')],
        observations: [memoryRecord('obs-1')],
        mutations: [mutationRecord('relation', 'rel-1', 'upsert', { ...relation, ...times })],
      },
    ]);
    expect(named(report, 'relation-deferred')?.items).toEqual([{ kind: 'relation', id: 'rel-1', text: 'related' }]);
    expect(named(report, 'older-relation')?.severity).toBe('error');
  });

  it('that is damaged is told, and left as it is', async () => {
    const root = engramFolder();
    putFolder(root, [{ sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] }]);
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.close();
    truncateSync(join(root, 'engram.db'), 3000);
    const report = await openIn(root).doctor();
    expect(named(report, 'database-problem')).toMatchObject({ severity: 'error', fix: { command: 'engram.syncNow' } });
    expect(readFileSync(join(root, 'engram.db'))).toHaveLength(3000);
  });

  it('with damage inside is told by SQLite itself', async () => {
    const root = engramFolder();
    putFolder(root, [{ sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] }]);
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.close();
    const database = openSqlJs(await loadSqlJs(WASM_PATH), readFileSync(join(root, 'engram.db')));
    database.run('PRAGMA writable_schema = ON');
    database.run(`UPDATE sqlite_master SET sql = 'CREATE INDEX idx_obs_type ON observations(title)' WHERE name = 'idx_obs_type'`);
    writeFileSync(join(root, 'engram.db'), database.export());
    database.close();
    expect(codes(await openIn(root).doctor())).toContain('database-damaged');
  });
});
