import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../../src/folder/commandAnswer.ts';
import { runCommandLine } from '../../../src/folder/commandLine.ts';
import { chunkNames, openIn, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { testRepository } from '../../support/gitRepository.ts';

/** Files that may not be opened now, as under another account's hand or a virus scanner's; told by the end of their path. */
const refused = vi.hoisted(() => ({ paths: [] as string[] }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, ...rest) => {
    if (refused.paths.some((end) => String(path).endsWith(end))) throw Object.assign(new Error('refused'), { code: 'EACCES' });
    return real.open(path, ...rest);
  };
  return { ...real, open };
});
afterEach(() => {
  refused.paths = [];
});

/** A folder with the chunks of two memories, which a fresh database has not seen. */
async function twoChunks(): Promise<{ root: string; names: string[] }> {
  const root = join(temporaryFolder(), '.engram');
  const folder = openIn(root);
  await folder.initialise();
  for (const title of ['One', 'Two']) {
    await folder.save({ title, content: `text of ${title}` });
    await folder.sync({});
  }
  await folder.close();
  for (const name of ['engram.db', 'index.db']) rmSync(join(root, name));
  return { root, names: chunkNames(root) };
}

describe('a chunk that may not be opened', () => {
  it('keeps nobody else from being imported, says so, and comes with the next sync that may', async () => {
    const { root, names } = await twoChunks();
    refused.paths = [names[0] ?? ''];
    const folder = openIn(root);
    const { memories, problems } = await folder.importChunks({});
    expect(memories).toBe(1);
    expect(problems).toMatchObject([{ code: 'io-failed', message: expect.stringMatching(/^Chunk .* cannot be opened .* sync again\.$/) }]);
    const state = await folder.state();
    expect(state.chunkTotals).toMatchObject({ unreadable: 1, waiting: 0 });
    expect(state.problems).toMatchObject([{ code: 'io-failed' }]);
    await folder.save({ title: 'Mine', content: 'x' });
    expect((await folder.sync({})).exported.chunkIds).toHaveLength(1);
    expect((await folder.doctor()).findings.map(({ code }) => code)).toContain('chunk-unreadable');
    refused.paths = [];
    expect(await folder.sync({})).toMatchObject({ imported: { memories: 1, problems: [] }, exported: { chunkIds: [] } });
    expect((await folder.state()).chunkTotals).toMatchObject({ unreadable: 0, imported: 3 });
  });

  it('is not exported a second time where the database has it and the index is lost', async () => {
    const { root, names } = await twoChunks();
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.close();
    rmSync(join(root, 'index.db'));
    refused.paths = [names[0] ?? ''];
    await expect(openIn(root).exportNew({})).rejects.toMatchObject({ code: 'io-failed' });
    await expect(openIn(root).sync({})).rejects.toMatchObject({ code: 'io-failed' });
    expect(chunkNames(root)).toEqual(names);
    refused.paths = [];
    expect((await openIn(root).sync({})).exported.chunkIds).toEqual([]);
  });
});

/** A git whose history cannot be read, as after a damaged pack. */
function gitWithoutLog(folder: string): string {
  const path = join(folder, '.git', 'broken-git');
  writeFileSync(path, '#!/bin/sh\nfor word in "$@"; do [ "$word" = log ] && exit 3; done\nexec git "$@"\n');
  chmodSync(path, 0o755);
  return path;
}

describe('a repair that cannot read', () => {
  it('says that it could not read the manifest, and not that there is nothing to repair', async () => {
    const { root } = await twoChunks();
    refused.paths = ['manifest.json'];
    await expect(openIn(root).heal({})).rejects.toMatchObject({ code: 'io-failed', message: expect.stringContaining('manifest.json') });
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const environment = { wasmPath: WASM_PATH, version: '0', env: {}, cwd: join(root, '..'), out: write, err: write };
    expect(await runCommandLine(['repair'], environment)).toBe(EXIT.failed);
    expect(lines.join('\n')).toMatch(/manifest\.json cannot be read/);
  });

  it('says that git failed, and not that its history has no such chunk', async (context) => {
    if (process.platform === 'win32') {
      console.log('git that fails: Windows runs no shell script as git, skipped');
      context.skip();
    }
    const repository = await testRepository();
    const root = join(repository.path, '.engram');
    const { root: from, names } = await twoChunks();
    cpSync(from, root, { recursive: true });
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'all');
    rmSync(join(root, 'chunks', names[0] ?? ''));
    const folder = openIn(root, { gitPath: gitWithoutLog(repository.path) });
    await expect(folder.heal({})).rejects.toMatchObject({ code: 'git-failed' });
    expect(await openIn(root).heal({})).toMatchObject({ restored: [expect.any(String)], notFound: [] });
  });
});
