import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLinks, inertText, parsePath, pathOf } from '../../../src/ui/documents/addresses.ts';

const kinds = fc.constantFrom('chunk', 'memory', 'session');
const ids = fc.string({ unit: 'binary', minLength: 1 }).map((id) => id.toWellFormed());

describe('the path of a document', () => {
  it('comes back as it went, whatever id and title are', () => {
    fc.assert(
      fc.property(kinds, ids, fc.string({ unit: 'binary' }), (kind, id, title) => {
        expect(parsePath(pathOf({ kind, id }, title))).toEqual({ kind, id });
      }),
    );
  });

  it('ends in the title, without anything that would give it another language or folder', () => {
    expect(pathOf({ kind: 'memory', id: 'obs-1' }, 'a/b.md')).toBe('/memory/obs-1/a∕b․md');
    expect(pathOf({ kind: 'session', id: 'a/b' }, '')).toBe('/session/a%2Fb/Untitled');
  });

  it.each(['', '/chunk/a', '/other/a/b', '/chunk//b', '/chunk/%/b', '/chunk/a/b/c'])('refuses %j', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });
});

describe('links in a document', () => {
  it('are found between their angle brackets', () => {
    const text = 'Session <engram:session/s%2F1>, <engram:memory/obs-1>';
    const found = findLinks(text);
    expect(found.map(({ address }) => address)).toEqual([
      { kind: 'session', id: 's/1' },
      { kind: 'memory', id: 'obs-1' },
    ]);
    expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(['engram:session/s%2F1', 'engram:memory/obs-1']);
  });

  it.each([
    '[x](command:quit)',
    '<command:quit>',
    '<file:///etc/passwd>',
    '<engram:other/x>',
    '<engram:memory/a b>',
    '<engram:memory/%>',
    '<engram:memory/>',
    'engram:memory/x',
  ])('are not %j', (text) => expect(findLinks(text)).toEqual([]));

  it('are found in time that grows with the text, not faster', () => {
    expect(findLinks('<engram:memory/'.repeat(100_000))).toEqual([]);
  });
});

it('leaves VS Code no file: link to find by itself', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('file:', 'FILE:', '/', ' ', 'x')), (parts) => {
      expect(inertText(parts.join(''))).not.toMatch(/file:\//i);
    }),
  );
  expect(inertText('see https://example.com and file:name')).toBe('see https://example.com and file:name');
});
