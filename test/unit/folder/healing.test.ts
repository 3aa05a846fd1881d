import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/folder/commandAnswer.ts';
import { runCommandLine } from '../../../src/folder/commandLine.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { engramFolder, entry, openIn, putChunk, WASM_PATH } from '../../support/folder.ts';
import { type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { shippedFiles } from '../../support/shippedFiles.ts';

/** A chunk with one memory; the same title gives the same chunk. */
function chunkOf(title: string, more: object = {}): { id: string; json: string } {
  const row = {
    id: 1,
    sync_id: `obs-${title}`,
    session_id: 's',
    type: 'manual',
    title,
    content: `text of ${title}`,
    scope: 'project',
    revision_count: 1,
    duplicate_count: 1,
    created_at: '2026-01-01 10:00:00',
    updated_at: '2026-01-01 10:00:00',
  };
  const session = { id: 's', project: 'demo', directory: 'demo', started_at: '2026-01-01 09:00:00' };
  const json = JSON.stringify({ sessions: [session], observations: [row], prompts: null, ...more });
  return { id: createHash('sha256').update(json).digest('hex').slice(0, 8), json };
}

const [base, ours, theirs] = [chunkOf('base'), chunkOf('ours'), chunkOf('theirs')];
const rootOf = ({ path }: TestRepository): string => join(path, '.engram');
const manifestOf = (repository: TestRepository): string => join(rootOf(repository), 'manifest.json');
const listed = (repository: TestRepository): string[] =>
  (JSON.parse(readFileSync(manifestOf(repository), 'utf8')) as { chunks: { id: string }[] }).chunks.map(({ id }) => id);

function put(repository: TestRepository, chunks: readonly { id: string; json: string }[]): void {
  for (const { id, json } of chunks) putChunk(rootOf(repository), id, json);
  list(
    repository,
    chunks.map(({ id }) => id),
  );
}

/** Eva is the author of `theirs`, Bob of all others. */
function list(repository: TestRepository, ids: readonly string[]): void {
  mkdirSync(rootOf(repository), { recursive: true });
  const manifest = { version: 1, chunks: ids.map((id) => entry(id, { memories: 1, created_by: id === theirs.id ? 'eva' : 'bob' })) };
  writeFileSync(manifestOf(repository), JSON.stringify(manifest, undefined, 2));
}

function commit(repository: TestRepository, message = 'change'): void {
  repository.git('add', '-A');
  repository.git('commit', '-q', '-m', message);
}

function stops(repository: TestRepository, ...args: string[]): void {
  expect(() => repository.git(...args)).toThrow();
}

/** `main` and `topic` have each exported a chunk; `main` is checked out. */
async function diverged(): Promise<TestRepository> {
  const repository = await testRepository();
  put(repository, [base]);
  commit(repository);
  repository.git('checkout', '-q', '-b', 'topic');
  put(repository, [base, theirs]);
  commit(repository);
  repository.git('checkout', '-q', 'main');
  put(repository, [base, ours]);
  commit(repository);
  return repository;
}

async function titlesIn(folder: MemoryFolder): Promise<string[]> {
  return (await folder.search('text', { limit: 200 })).map(({ title }) => title).toSorted();
}

/** What a teammate gets who clones now. */
async function titlesOfAClone(repository: TestRepository): Promise<string[]> {
  const clone = await testRepository();
  repository.git('clone', '-q', repository.path, join(clone.path, 'clone'));
  const folder = openIn(join(clone.path, 'clone/.engram'));
  await folder.importChunks({});
  return titlesIn(folder);
}

/** Everything a window would do by itself, as often as it would. */
async function byItself(folder: MemoryFolder): Promise<void> {
  await folder.importChunks({});
  await folder.heal({ automatic: true });
}

describe('a conflict in the manifest', () => {
  it.each([
    ['in the style merge', 'merge', ['merge', 'topic']],
    ['in the style diff3', 'diff3', ['merge', 'topic']],
    ['in the style zdiff3', 'zdiff3', ['merge', 'topic']],
    ['of a rebase', 'merge', ['rebase', 'topic']],
    ['of a cherry-pick', 'merge', ['cherry-pick', 'topic']],
  ])('(%s) is shown, waits for a click, and has both sides then', async (_name, style, command) => {
    const repository = await diverged();
    repository.git('config', 'merge.conflictStyle', style);
    repository.git('config', 'user.email', 't@example.com');
    repository.git('config', 'user.name', 'T');
    stops(repository, ...command);
    const folder = openIn(rootOf(repository));
    const state = await folder.state();
    expect(state).toMatchObject({ manifest: 'conflict', healing: { kinds: ['conflict'], entries: 3, automatic: false } });
    expect(state.chunks.find(({ id }) => id === theirs.id)).toMatchObject({ createdBy: 'eva', state: 'pending' });
    const before = readFileSync(manifestOf(repository), 'utf8');
    await byItself(folder);
    await expect(folder.sync({})).rejects.toMatchObject({ code: 'manifest-conflict' });
    expect(readFileSync(manifestOf(repository), 'utf8')).toBe(before);
    expect(await titlesIn(folder)).toEqual(['base', 'ours', 'theirs']);

    expect(await folder.heal({})).toMatchObject({ kinds: ['conflict'], written: true, unmerged: true });
    expect(listed(repository).toSorted()).toEqual([base.id, ours.id, theirs.id].toSorted());
    const after = await folder.state();
    expect(after).toMatchObject({ manifest: 'ok', git: { unmerged: true }, healed: { unmerged: true } });
    expect(after.healing).toBeUndefined();
    expect(repository.git('ls-files', '--unmerged')).not.toBe('');
    repository.git('add', '.engram/manifest.json');
    repository.git('-c', 'core.editor=true', command[0] ?? '', '--continue');
    expect((await folder.state()).git.unmerged).toBeUndefined();
    expect(await titlesOfAClone(repository)).toEqual(['base', 'ours', 'theirs']);
  });

  it('without markers is one all the same: git has left one whole side', async () => {
    const repository = await diverged();
    stops(repository, 'merge', 'topic');
    repository.git('checkout', '--ours', '.engram/manifest.json');
    expect(listed(repository)).toEqual([base.id, ours.id]);
    const folder = openIn(rootOf(repository));
    expect(await folder.state()).toMatchObject({ manifest: 'conflict', healing: { kinds: ['conflict'], entries: 3 } });
    await folder.save({ title: 'mine', content: 'x' });
    await expect(folder.exportNew({})).rejects.toMatchObject({ code: 'manifest-conflict' });
    expect(await folder.heal({})).toMatchObject({ written: true, added: 1, unmerged: true });
    expect(listed(repository).toSorted()).toEqual([base.id, ours.id, theirs.id].toSorted());
    expect((await folder.exportNew({})).chunkIds).toHaveLength(1);
  });

  it('of git stash pop is one, and of markers that somebody has committed', async () => {
    const repository = await diverged();
    repository.git('checkout', '-q', '--detach', 'main~1');
    list(repository, [base.id, 'deadbeef']);
    repository.git('stash', '-q');
    repository.git('checkout', '-q', 'topic');
    stops(repository, 'stash', 'pop');
    const folder = openIn(rootOf(repository));
    expect(await folder.state()).toMatchObject({ manifest: 'conflict', git: { unmerged: true } });
    commit(repository, 'markers');
    expect(await folder.state()).toMatchObject({ manifest: 'conflict', healing: { kinds: ['conflict', 'missing'] } });
    expect(await folder.heal({})).toMatchObject({ kinds: ['conflict'], notFound: ['deadbeef'], unmerged: false });
    expect(new Set(listed(repository))).toEqual(new Set([base.id, theirs.id, 'deadbeef']));
    expect(await folder.state()).toMatchObject({ manifest: 'ok' });
  });

  it('in Restricted Mode is shown and not touched', async () => {
    const repository = await diverged();
    stops(repository, 'merge', 'topic');
    const folder = openIn(rootOf(repository), { trusted: false });
    expect(await folder.state()).toMatchObject({ mode: 'browse', manifest: 'conflict' });
    await expect(folder.heal({})).rejects.toMatchObject({ code: 'untrusted' });
    await expect(folder.mergeDriver('install')).rejects.toMatchObject({ code: 'untrusted' });
  });
});

/** The three hand-made resolutions that lost a teammate's chunk in real repositories, and how they were made. */
const ONE_SIDED: Readonly<Record<string, (repository: TestRepository) => void>> = {
  'kept ours': (repository) => {
    stops(repository, 'merge', 'topic');
    repository.git('checkout', '--ours', '.engram/manifest.json');
    commit(repository, 'merge');
  },
  'kept theirs': (repository) => {
    stops(repository, 'merge', 'topic');
    repository.git('checkout', '--theirs', '.engram/manifest.json');
    commit(repository, 'merge');
  },
  'was rewritten by hand, with the chunk of one side forgotten in a rebase': (repository) => {
    repository.git('config', 'user.email', 't@example.com');
    repository.git('config', 'user.name', 'T');
    stops(repository, 'rebase', 'topic');
    list(repository, [ours.id]);
    repository.git('add', '-A');
    repository.git('-c', 'core.editor=true', 'rebase', '--continue');
  },
};

describe('a merge that was resolved to one side', () => {
  it.each(Object.entries(ONE_SIDED))('(%s) loses nothing: what it dropped is listed again by itself', async (_name, resolve) => {
    const repository = await diverged();
    resolve(repository);
    const lost = [base, ours, theirs].filter(({ id }) => !listed(repository).includes(id));
    expect(lost.length).toBeGreaterThan(0);
    const folder = openIn(rootOf(repository));
    expect(await folder.state()).toMatchObject({ healing: { kinds: ['unlisted'], unlisted: lost.length, automatic: true } });
    await byItself(folder);
    expect(new Set(listed(repository))).toEqual(new Set([base.id, ours.id, theirs.id]));
    const manifest = JSON.parse(readFileSync(manifestOf(repository), 'utf8'));
    expect(manifest.version).toBe(2);
    // The author stands in no chunk: it comes back from the history of the manifest.
    expect(manifest.chunks.find(({ id }: { id: string }) => id === theirs.id).created_by).toBe('eva');
    expect(await folder.state()).toMatchObject({ healed: { kinds: ['unlisted'], added: lost.length }, git: { uncommitted: 1 } });
    expect((await folder.state()).healing).toBeUndefined();
    commit(repository, 'healed');
    expect(await titlesOfAClone(repository)).toEqual(['base', 'ours', 'theirs']);
  });

  it('waits while a rebase or merge is open, and for chunks that are not committed', async () => {
    const repository = await diverged();
    putChunk(rootOf(repository), theirs.id, theirs.json);
    const folder = openIn(rootOf(repository));
    const before = readFileSync(manifestOf(repository), 'utf8');
    expect(await folder.state()).toMatchObject({ healing: { kinds: ['unlisted'], automatic: false } });
    await byItself(folder);
    commit(repository, 'orphan');
    repository.git('update-ref', 'MERGE_HEAD', 'topic');
    expect(await folder.state()).toMatchObject({ healing: { kinds: ['unlisted'], automatic: false } });
    await byItself(folder);
    expect(readFileSync(manifestOf(repository), 'utf8')).toBe(before);
    repository.git('update-ref', '-d', 'MERGE_HEAD');
    await byItself(folder);
    expect(listed(repository)).toContain(theirs.id);
  });

  it('whose chunks nobody has committed is healed by a sync', async () => {
    const repository = await diverged();
    putChunk(rootOf(repository), theirs.id, theirs.json);
    const folder = openIn(rootOf(repository));
    expect(await folder.sync({})).toMatchObject({ healed: { kinds: ['unlisted'], added: 1 }, exported: { chunkIds: [] } });
    expect(listed(repository)).toContain(theirs.id);
    expect((await folder.sync({})).healed).toBeUndefined();
  });
});

describe('orphan chunks', () => {
  it('are listed before their edits, and an edit never wins or loses by its place', async () => {
    const repository = await testRepository();
    const edit = chunkOf('edit', {
      observations: null,
      mutations: [
        {
          seq: 0,
          target_key: '',
          entity: 'observation',
          entity_key: 'obs-base',
          op: 'upsert',
          payload: JSON.stringify({ ...JSON.parse(base.json).observations[0], title: 'base, better', updated_at: '2026-01-02 10:00:00' }),
          source: '',
          project: 'demo',
          occurred_at: '2026-01-02T10:00:00Z',
        },
      ],
    });
    put(repository, [base, edit]);
    writeFileSync(manifestOf(repository), JSON.stringify({ version: 1, chunks: [entry(edit.id, { created_at: '2025-01-01T00:00:00Z' })] }));
    commit(repository);
    const folder = openIn(rootOf(repository));
    await byItself(folder);
    expect(listed(repository)).toEqual([base.id, edit.id]);
    expect(await titlesIn(folder)).toEqual(['base, better']);
  });

  it('that are altered or torn are not listed', async () => {
    const repository = await testRepository();
    put(repository, [base]);
    putChunk(rootOf(repository), 'deadbeef', ours.json);
    putChunk(rootOf(repository), 'feedbeef', Buffer.from('torn'));
    commit(repository);
    const folder = openIn(rootOf(repository));
    await byItself(folder);
    await folder.sync({});
    expect(listed(repository)).toEqual([base.id]);
  });
});

describe('a manifest that is', () => {
  it.each<[string, (path: string) => void, object]>([
    ['lost', (path) => rmSync(path), { manifest: 'absent', healing: { kinds: ['lost'], automatic: true } }],
    ['empty', (path) => truncateSync(path), { manifest: 'invalid', healing: { kinds: ['damaged'], automatic: true } }],
    [
      'full of duplicates',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/\[([\s\S]*)\]/, '[$1,$1]')),
      { manifest: 'ok', healing: { kinds: ['duplicates'], duplicates: 2, automatic: true } },
    ],
  ])('%s comes back by itself, as it was committed', async (_name, damage, expected) => {
    const repository = await testRepository();
    put(repository, [base, ours]);
    const folder = openIn(rootOf(repository));
    await folder.importChunks({});
    const committed = { ...JSON.parse(readFileSync(manifestOf(repository), 'utf8')), version: 2 };
    commit(repository);
    damage(manifestOf(repository));
    expect(await folder.state()).toMatchObject(expected);
    await byItself(folder);
    expect(JSON.parse(readFileSync(manifestOf(repository), 'utf8'))).toEqual(committed);
    expect((await folder.state()).healing).toBeUndefined();
  });

  it('no JSON takes a click, and then has what is committed, what can be read of it, and the chunks that are here', async () => {
    const repository = await testRepository();
    put(repository, [base]);
    commit(repository);
    writeFileSync(manifestOf(repository), `{"version": 2, "team": "red", "chunks": [ {"id": "${ours.id}", "created_by": "eva", `);
    for (const { id, json } of [ours, theirs]) putChunk(rootOf(repository), id, json);
    const folder = openIn(rootOf(repository));
    const before = readFileSync(manifestOf(repository));
    await byItself(folder);
    await expect(folder.sync({})).rejects.toMatchObject({ code: 'manifest-invalid' });
    expect(readFileSync(manifestOf(repository))).toEqual(before);
    expect(await folder.state()).toMatchObject({
      manifest: 'invalid',
      healing: { kinds: ['damaged', 'unlisted'], entries: 3, automatic: false },
    });
    expect(await folder.heal({})).toMatchObject({ written: true });
    expect(new Set(listed(repository))).toEqual(new Set([base.id, ours.id, theirs.id]));
    expect(JSON.parse(readFileSync(manifestOf(repository), 'utf8'))).toMatchObject({ team: 'red' });
  });

  it('lost is left alone where no chunk is here either, and of a newer release always', async () => {
    const repository = await testRepository();
    put(repository, [base]);
    commit(repository);
    const folder = openIn(rootOf(repository));
    writeFileSync(manifestOf(repository), '{"version": 99, "chunks": [{"id":"a"},{"id":"a"}]}');
    expect((await folder.state()).healing).toBeUndefined();
    expect(await folder.heal({})).toMatchObject({ kinds: [], written: false });
    rmSync(manifestOf(repository));
    rmSync(join(rootOf(repository), 'chunks'), { recursive: true });
    const state = await folder.state();
    expect(state.healing).toBeUndefined();
    expect(state.chunkTotals.all).toBe(0);
    await byItself(folder);
    expect(existsSync(manifestOf(repository))).toBe(false);
  });
});

describe('a missing chunk', () => {
  const file = (repository: TestRepository, id: string): string => join(rootOf(repository), 'chunks', `${id}.jsonl.gz`);

  /** `ours` is listed, and its file is only in the history of another branch, behind a commit that removed it. */
  async function withMissing(): Promise<{ repository: TestRepository; packed: Buffer }> {
    const repository = await testRepository();
    put(repository, [base]);
    commit(repository);
    repository.git('checkout', '-q', '-b', 'side');
    put(repository, [base, ours]);
    const packed = readFileSync(file(repository, ours.id));
    commit(repository);
    rmSync(file(repository, ours.id));
    commit(repository, 'removed');
    repository.git('checkout', '-q', 'main');
    list(repository, [base.id, ours.id, 'deadbeef']);
    commit(repository);
    return { repository, packed };
  }

  it('is restored from git history byte for byte, when somebody asks for it', async () => {
    const { repository, packed } = await withMissing();
    const folder = openIn(rootOf(repository));
    expect(await folder.state()).toMatchObject({ healing: { kinds: ['missing'], missing: 2, automatic: false } });
    await byItself(folder);
    await folder.sync({});
    expect(existsSync(file(repository, ours.id))).toBe(false);
    expect(await folder.heal({})).toMatchObject({ kinds: ['missing'], restored: [ours.id], notFound: ['deadbeef'], written: false });
    expect(readFileSync(file(repository, ours.id))).toEqual(packed);
    await folder.importChunks({});
    expect(await titlesIn(folder)).toEqual(['base', 'ours']);
    expect(await folder.state()).toMatchObject({ chunkTotals: { missing: 1 }, healed: { restored: [ours.id], notFound: ['deadbeef'] } });
    expect(listed(repository)).toContain('deadbeef');
  });

  it('that is torn is restored too, an altered one is not touched', async () => {
    const repository = await testRepository();
    put(repository, [base, ours]);
    commit(repository);
    const altered = chunkOf('altered');
    truncateSync(file(repository, base.id), 40);
    putChunk(rootOf(repository), ours.id, altered.json);
    const folder = openIn(rootOf(repository));
    await folder.importChunks({});
    expect(await folder.state()).toMatchObject({ healing: { kinds: ['torn'], missing: 0, torn: 1 }, git: { uncommitted: 0 } });
    expect(await folder.heal({})).toMatchObject({ kinds: ['torn'], restored: [base.id], notFound: [] });
    await folder.importChunks({});
    expect(await titlesIn(folder)).toEqual(['base']);
    expect((await folder.state()).chunks.find(({ id }) => id === ours.id)?.state).toBe('altered');
  });

  it('that was never right is not looked for in vain', async () => {
    const repository = await testRepository();
    const bare = '{"session_id":"s","title":"t","content":"c"}';
    const id = createHash('sha256').update(bare).digest('hex').slice(0, 8);
    put(repository, [{ id, json: bare }]);
    commit(repository);
    const folder = openIn(rootOf(repository));
    await folder.importChunks({});
    expect(await folder.heal({})).toMatchObject({ kinds: [], restored: [], notFound: [] });
  });

  it('is not taken from a version whose hash is not its name, or that is no chunk', async () => {
    const repository = await testRepository();
    for (const content of [ours.json, Buffer.from('no gzip')]) {
      putChunk(rootOf(repository), base.id, content);
      putChunk(rootOf(repository), 'a-slug', content === ours.json ? '{"sessions":7' : content);
      commit(repository);
    }
    rmSync(join(rootOf(repository), 'chunks'), { recursive: true });
    list(repository, [base.id, 'a-slug']);
    const folder = openIn(rootOf(repository));
    expect(await folder.heal({})).toMatchObject({ restored: [], notFound: [base.id, 'a-slug'] });
    expect(existsSync(file(repository, base.id))).toBe(false);
  });

  it('is found in a stash, on a tag and on a remote-tracking branch', async () => {
    const origin = await testRepository();
    put(origin, [base]);
    commit(origin);
    const clone = await testRepository();
    clone.git('fetch', '-q', origin.path, 'main:refs/remotes/origin/main');
    put(clone, [ours]);
    clone.git('add', '-A');
    clone.git('commit', '-q', '-m', 'x');
    clone.git('tag', 'kept');
    clone.git('checkout', '-q', '--orphan', 'new');
    clone.git('rm', '-rfq', '.');
    put(clone, []);
    commit(clone);
    put(clone, [theirs]);
    clone.git('stash', '-q', '--include-untracked');
    clone.git('branch', '-qD', 'main');
    list(clone, [base.id, ours.id, theirs.id]);
    const { restored } = await openIn(rootOf(clone)).heal({});
    expect(new Set(restored)).toEqual(new Set([base.id, ours.id, theirs.id]));
  });

  it('stays listed where there is no git', async () => {
    const { repository } = await withMissing();
    rmSync(join(repository.path, '.git'), { recursive: true });
    const folder = openIn(rootOf(repository));
    expect(await folder.heal({})).toMatchObject({ restored: [], notFound: [ours.id, 'deadbeef'] });
    expect(listed(repository)).toEqual([base.id, ours.id, 'deadbeef']);
  });
});

describe('the merge driver of a folder', () => {
  it('is installed and removed by request, and looked at when the folder is opened', async () => {
    const repository = await diverged();
    const wasmPath = await shippedFiles();
    const driverIn = async () => (await openIn(rootOf(repository), {}, wasmPath).state()).mergeDriver;
    const program = join(repository.path, '.git/engram/merge-manifest.js');
    const folder = openIn(rootOf(repository), {}, wasmPath);
    expect(await driverIn()).toBe('absent');
    expect(await folder.mergeDriver('install')).toBe('ok');
    expect((await folder.state()).mergeDriver).toBe('ok');
    const shipped = readFileSync(program, 'utf8');
    writeFileSync(program, '// another release');
    expect(await driverIn()).toBe('ok');
    expect(readFileSync(program, 'utf8')).toBe(shipped);
    rmSync(program);
    expect(await driverIn()).toBe('broken');
    expect(existsSync(program)).toBe(false);
    expect(await folder.mergeDriver('install')).toBe('ok');
    repository.git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'merge', '-q', '--no-edit', 'topic');
    expect(new Set(listed(repository))).toEqual(new Set([base.id, ours.id, theirs.id]));
    expect(await folder.state()).toMatchObject({ manifest: 'ok' });
    expect(await folder.mergeDriver('remove')).toBe('absent');
  });

  it('is refused where there is no repository', async () => {
    await expect(openIn(engramFolder()).mergeDriver('install')).rejects.toMatchObject({ code: 'git-failed' });
  });
});

describe('on the command line', () => {
  async function run(repository: TestRepository, ...args: string[]): Promise<{ code: number; text: string }> {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const environment = { wasmPath: WASM_PATH, version: '0', cwd: repository.path, env: {}, out: write, err: write };
    const code = await runCommandLine(args, environment);
    return { code, text: lines.join('\n') };
  }

  it('status says what a repair would do, repair does it', async () => {
    const repository = await diverged();
    stops(repository, 'merge', 'topic');
    expect((await run(repository, 'status')).text).toContain('repair lists the chunks of both sides, 3 in all');
    const repaired = await run(repository, 'repair');
    expect(repaired).toMatchObject({ code: EXIT.ok });
    expect(repaired.text).toContain('Resolve by: git add .engram/manifest.json');
    expect((await run(repository, 'status')).text).toContain('Resolve by: git add');
    expect((await run(repository, 'repair')).text).not.toContain('Repaired');
    list(repository, [base.id, 'deadbeef']);
    expect(await run(repository, 'repair')).toMatchObject({ code: EXIT.incomplete });
  });

  it('merge-driver run unites two files as git asks for it', async () => {
    const repository = await diverged();
    const paths = ['base', 'ours', 'theirs'].map((name) => join(repository.path, name));
    for (const [at, ids] of [['a'], ['a', 'b'], ['a', 'c']].entries())
      writeFileSync(paths[at] ?? '', JSON.stringify({ version: 1, chunks: ids.map((id) => entry(id)) }));
    expect(await run(repository, 'merge-driver', 'run', ...paths)).toMatchObject({ code: EXIT.ok });
    expect(JSON.parse(readFileSync(paths[1] ?? '', 'utf8')).chunks).toHaveLength(3);
    expect(await run(repository, 'merge-driver', 'run', ...paths.slice(1))).toMatchObject({ code: EXIT.usage });
    expect(await run(repository, 'merge-driver', 'explode')).toMatchObject({ code: EXIT.usage });
    writeFileSync(paths[2] ?? '', 'broken');
    expect(await run(repository, 'merge-driver', 'run', ...paths)).toMatchObject({ code: EXIT.failed });
    expect(await run(repository, 'merge-driver', 'status')).toMatchObject({ code: EXIT.ok });
  });
});
