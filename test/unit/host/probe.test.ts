import { sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPlace, isNews } from '../../../src/host/probe.ts';

/** Looks in a list of paths. */
const disk =
  (...paths: string[]) =>
  async (path: string): Promise<boolean> =>
    paths.includes(path);

describe('findPlace', () => {
  it.each([
    ['the folder itself', '/a/b', ['/a/b/.engram', '/a/b/.git'], { root: '/a/b/.engram', exists: true, gitRoot: '/a/b' }],
    ['the git root above', '/a/b/c', ['/a/.engram', '/a/.git'], { root: '/a/.engram', exists: true, gitRoot: '/a' }],
    ['a folder between', '/a/b/c', ['/a/.engram', '/a/b/.engram', '/a/.git'], { root: '/a/b/.engram', exists: true, gitRoot: '/a' }],
    ['never above the git root', '/a/b', ['/a/.engram', '/a/b/.git'], { root: '/a/b/.engram', exists: false, gitRoot: '/a/b' }],
    ['the git root, where it would be made', '/a/b', ['/a/.git'], { root: '/a/.engram', exists: false, gitRoot: '/a' }],
    ['no repository: not upwards', '/a/b', ['/a/.engram'], { root: '/a/b/.engram', exists: false, gitRoot: undefined }],
    ['no repository, but here', '/a/b', ['/a/b/.engram'], { root: '/a/b/.engram', exists: true, gitRoot: undefined }],
    ['the root of the disk', '/', [], { root: '/.engram', exists: false, gitRoot: undefined }],
  ])('%s', async (_what, folder, paths, place) => {
    expect(sep).toBe('/');
    expect(await findPlace(folder, disk(...paths))).toEqual(place);
  });
});

describe('isNews', () => {
  it('is true for what a pull brings and for the memories that another window writes', () => {
    const news = ['', 'manifest.json', 'engram.db', 'chunks', 'chunks/a3f8c1d2.jsonl.gz', 'chunks\\a3f8c1d2.jsonl.gz'];
    expect(news.filter((path) => !isNews(path))).toEqual([]);
  });

  it('is false for what this extension writes for itself, or a run would cause the next one', () => {
    const own = [
      'index.db',
      '.lock',
      '.gitignore',
      '.manifest.json.tmp-1-ab',
      'chunks/.a1.jsonl.gz.tmp-1-ab',
      '.engram.db.tmp-1-ab',
      'engram.db-wal',
    ];
    expect(own.filter(isNews)).toEqual([]);
    fc.assert(fc.property(fc.string(), (name) => !isNews(`.${name}`) && !isNews(`chunks/.${name}`)));
  });
});
