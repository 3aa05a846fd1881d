import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunkNames, engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder } from '../../support/folder.ts';

const GOOD = JSON.stringify({
  sessions: [{ id: 's1', project: 'demo', directory: 'demo', started_at: '2025-01-01 00:00:00' }],
  observations: [
    {
      id: 1,
      sync_id: 'obs-1',
      session_id: 's1',
      type: 'decision',
      title: 'Keep',
      content: 'the good one',
      scope: 'project',
      revision_count: 1,
      duplicate_count: 1,
      created_at: '2025-01-01 00:00:01',
      updated_at: '2025-01-01 00:00:01',
    },
  ],
  prompts: null,
});
const idOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 8);
const GOOD_ID = idOf(GOOD);

/** A folder with one good chunk behind whatever `spoil` does. */
function spoiled(spoil: (root: string) => string | undefined): string {
  const root = engramFolder();
  const bad = spoil(root);
  putChunk(root, GOOD_ID, GOOD);
  if (!existsSync(join(root, 'manifest.json')))
    putManifest(root, { version: 1, chunks: [...(bad === undefined ? [] : [entry(bad)]), entry(GOOD_ID)] });
  return root;
}

const badChunk =
  (content: string | Uint8Array) =>
  (root: string): string => {
    const id = typeof content === 'string' ? idOf(content) : 'deadbeef';
    putChunk(root, id, content);
    return id;
  };

const BAD_CHUNKS: Readonly<Record<string, { spoil: (root: string) => string; code: string }>> = {
  missing: { spoil: () => 'deadbeef', code: 'chunk-missing' },
  truncated: {
    spoil: (root) => {
      putChunk(root, 'deadbeef', GOOD);
      truncateSync(join(root, 'chunks/deadbeef.jsonl.gz'), 60);
      return 'deadbeef';
    },
    code: 'chunk-corrupt',
  },
  empty: { spoil: badChunk(new Uint8Array()), code: 'chunk-corrupt' },
  'not gzip': { spoil: badChunk(Buffer.from('version https://git-lfs.github.com/spec/v1\n')), code: 'chunk-corrupt' },
  'not JSON': { spoil: badChunk('hello'), code: 'chunk-corrupt' },
  'two documents': { spoil: badChunk(`${GOOD}${GOOD}`), code: 'chunk-corrupt' },
  'an array': { spoil: badChunk('[]'), code: 'chunk-corrupt' },
  'a bare record': { spoil: badChunk('{"session_id":"s","title":"t","content":"c"}'), code: 'chunk-corrupt' },
  'a bomb': { spoil: badChunk(gzipSync(Buffer.alloc(300 * 1024 * 1024, 0x20))), code: 'chunk-too-large' },
  altered: {
    spoil: (root) => {
      putChunk(root, 'deadbeef', GOOD.replace('Keep', 'Changed'));
      return 'deadbeef';
    },
    code: 'chunk-altered',
  },
  'nested 100,000 deep': { spoil: badChunk('{"sessions":'.padEnd(100_000, '[')), code: 'chunk-corrupt' },
  'a link': {
    spoil: (root) => {
      const outside = join(temporaryFolder(), 'x.gz');
      writeFileSync(outside, gzipSync(GOOD.replace('Keep', 'Linked')));
      mkdirSync(join(root, 'chunks'));
      symlinkSync(outside, join(root, 'chunks/deadbeef.jsonl.gz'));
      return 'deadbeef';
    },
    code: 'not-regular-file',
  },
};

describe('a chunk that cannot be used', () => {
  it.each(Object.entries(BAD_CHUNKS))('(%s) is one clear sentence and stops nothing', async (_name, { spoil, code }) => {
    const root = spoiled(spoil);
    const folder = openIn(root);
    const summary = await folder.importChunks({});
    expect(summary.memories).toBe(1);
    const state = await folder.state();
    const row = state.chunks.find((chunk) => chunk.id !== GOOD_ID);
    expect(row?.problem?.code).toBe(code);
    expect(row?.problem?.message).toMatch(/^[A-Z].*\.$/);
    expect(row?.waiting).toBe(false);
    expect(state.chunks.find((chunk) => chunk.id === GOOD_ID)?.state).toBe('imported');
    expect(await folder.importChunks({})).toMatchObject({ memories: 0, edits: 0 });
  });

  it('says so to a person who opens it, not in the words of a program', async () => {
    const folder = openIn(spoiled(() => 'deadbeef'));
    await expect(folder.readChunk('deadbeef')).rejects.toMatchObject({
      code: 'chunk-missing',
      message: 'Chunk deadbeef is listed, but its file is not here. It is imported as soon as the file arrives.',
    });
  });

  it('is imported when it arrives after all', async () => {
    const root = spoiled(() => 'deadbeef');
    const later = GOOD.replace('obs-1', 'obs-2');
    putManifest(root, { version: 1, chunks: [entry(GOOD_ID), entry(idOf(later))] });
    const folder = openIn(root);
    expect(await folder.importChunks({})).toMatchObject({ memories: 1, problems: [] });
    expect((await folder.state()).chunkTotals).toMatchObject({ missing: 1, waiting: 0 });
    putChunk(root, idOf(later), later);
    expect((await folder.state()).chunkTotals).toMatchObject({ missing: 0, waiting: 1 });
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
  });

  it('that was altered is imported when a person says so', async () => {
    const root = spoiled((where) => {
      putChunk(where, 'deadbeef', GOOD.replace('obs-1', 'obs-9'));
      return 'deadbeef';
    });
    const folder = openIn(root);
    await folder.importChunks({});
    expect((await folder.state()).totals.observations).toBe(1);
    expect(await folder.importChunks({ ids: ['deadbeef'] })).toMatchObject({ memories: 1, problems: [] });
    expect((await folder.state()).totals.observations).toBe(2);
  });

  it('costs only the record of a wrong type, and a session that nobody has is made up', async () => {
    const json = GOOD.replace('"sessions":[', '"x":[').replace('}],"prompts"', '},{"id":2,"sync_id":"obs-2","title":3}],"prompts"');
    const root = engramFolder();
    putChunk(root, idOf(json), json);
    putManifest(root, { version: 1, chunks: [entry(idOf(json))] });
    const folder = openIn(root);
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
    expect(await folder.readSession('s1')).toMatchObject({ title: 'Session s1' });
    expect((await folder.state()).toShare).toMatchObject({ sessions: 0, memories: 0, edits: 0 });
  });
});

const BAD_MANIFESTS: Readonly<Record<string, { text: string | undefined; kind: string }>> = {
  'is no JSON': { text: 'hello', kind: 'invalid' },
  'has conflict markers': { text: `{\n<<<<<<< HEAD\n"version": 1\n=======\n"version": 2\n>>>>>>> x\n}`, kind: 'conflict' },
  'is a folder': { text: undefined, kind: 'not-a-file' },
  'is huge': { text: `{"version":1,"chunks":[],"x":"${'y'.repeat(17 * 1024 * 1024)}"}`, kind: 'too-large' },
};

describe('a manifest that cannot be used', () => {
  it.each(Object.entries(BAD_MANIFESTS))('(%s) is told, imports go on, exports wait, nothing is lost', async (_name, { text, kind }) => {
    const root = engramFolder();
    if (text === undefined) mkdirSync(join(root, 'manifest.json'));
    else putManifest(root, text);
    putChunk(root, GOOD_ID, GOOD);
    const folder = openIn(root);
    expect(await folder.importChunks({})).toMatchObject({ memories: 1 });
    const saved = await folder.save({ title: 'Mine', content: 'not shared yet' });
    await expect(folder.exportNew({})).rejects.toMatchObject({ name: 'EngramError' });
    const state = await folder.state();
    expect(state.manifest).toBe(kind);
    expect(state.problems[0]?.message).toMatch(/manifest\.json/);
    expect(state.totals.observations).toBe(2);
    expect(chunkNames(root)).toEqual([`${GOOD_ID}.jsonl.gz`]);
    if (text !== undefined) expect(readFileSync(join(root, 'manifest.json'), 'utf8')).toBe(text);
    expect(await folder.memory(saved.syncId)).toMatchObject({ title: 'Mine' });
  });

  it('with hostile ids costs only those entries', async () => {
    const root = engramFolder();
    putChunk(root, GOOD_ID, GOOD);
    putManifest(root, {
      version: 1,
      chunks: [...['../../x', 'C:\\x', 'a/b', '', '.', 'x'.repeat(200)].map((id) => entry(id)), entry(GOOD_ID)],
    });
    const folder = openIn(root);
    expect(await folder.importChunks({})).toMatchObject({ chunks: 1, memories: 1 });
    const state = await folder.state();
    expect(state.chunks.map((chunk) => chunk.id)).toEqual([GOOD_ID]);
    expect(state.problems.some((problem) => problem.code === 'manifest-invalid')).toBe(true);
  });

  it.each([
    ['missing', 'absent', 'sync'],
    ['empty', 'invalid', 'sync'],
    ['empty', 'invalid', 'exportNew'],
  ] as const)('that is %s (%s) is written anew from the chunks by the next %s', async (name, kind, request) => {
    const root = engramFolder();
    if (name === 'empty') putManifest(root, '');
    putChunk(root, GOOD_ID, GOOD);
    const folder = openIn(root);
    expect((await folder.state()).manifest).toBe(kind);
    await folder[request]({});
    expect(JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8'))).toMatchObject({
      version: 2,
      chunks: [{ id: GOOD_ID, memories: 1 }],
    });
    expect(chunkNames(root)).toHaveLength(1);
  });
});

describe('links', () => {
  it.each(['.engram', 'chunks', 'manifest.json', 'engram.db', '.gitignore'])('%s as a link is never followed', async (name) => {
    const outside = temporaryFolder();
    const parent = temporaryFolder();
    const root = join(parent, '.engram');
    if (name === '.engram') symlinkSync(outside, root);
    else {
      mkdirSync(root);
      const target = join(outside, 'target');
      if (name === 'chunks') mkdirSync(target);
      else writeFileSync(target, 'untouched');
      symlinkSync(target, join(root, name));
      if (name !== 'manifest.json') putManifest(root, { version: 1, chunks: [] });
    }
    const folder = openIn(root);
    await folder.state();
    await expect(folder.save({ title: 'a', content: 'b' }).then(() => folder.exportNew({}))).rejects.toMatchObject({ name: 'EngramError' });
    const untouched = name === '.engram' || name === 'chunks' ? chunkNames(outside) : readFileSync(join(outside, 'target'), 'utf8');
    expect(untouched).toEqual(name === '.engram' || name === 'chunks' ? [] : 'untouched');
  });
});
