import { describe, expect, it } from 'vitest';
import type { ImportSummary } from '../../../src/engine/folderState.ts';
import { contentProblem, offeredTypes, suggestedTitle, titleProblem } from '../../../src/ui/memoryInput.ts';
import { dayText, instantIn, momentText } from '../../../src/ui/moments.ts';
import { arrivalText, exportText, importText, syncText } from '../../../src/ui/summaries.ts';
import { targetOf } from '../../../src/ui/targets.ts';
import { calendar, english, ROOT } from './folderSnapshots.ts';

const nothing: ImportSummary = {
  chunks: 0,
  sessions: 0,
  memories: 0,
  prompts: 0,
  relations: 0,
  edits: 0,
  deletes: 0,
  authors: [],
  problems: [],
};
const imported = { ...nothing, chunks: 2, sessions: 1, memories: 3, edits: 1, authors: ['ana', 'bob'] };
const noExport = { chunkIds: [], sessions: 0, memories: 0, prompts: 0, mutations: 0, personal: 0, heldBack: 0 };
const exported = { ...noExport, chunkIds: ['a3f8c1d2'], sessions: 1, memories: 1, mutations: 2 };

describe('what a run did', () => {
  it.each([
    [nothing, noExport, 'Engram: nothing new'],
    [imported, noExport, 'Engram: imported 3 memories, 1 edit'],
    [nothing, exported, 'Engram: wrote 1 memory, 2 edits, commit to share'],
    [{ ...nothing, chunks: 1 }, exported, 'Engram: imported 1 chunk; wrote 1 memory, 2 edits, commit to share'],
  ])('sync, case %#', (one, other, text) => expect(syncText(english, [{ imported: one, exported: other }])).toBe(text));

  it('adds up the folders', () => {
    expect(importText(english, [imported, imported])).toBe('Engram: imported 6 memories, 2 edits');
    expect(exportText(english, [exported, noExport])).toBe('Engram: wrote 1 memory, 2 edits, commit to share');
  });

  it('says so when there was nothing', () => {
    expect(importText(english, [nothing])).toBe('Engram: nothing to import');
    expect(exportText(english, [noExport])).toBe('Engram: nothing new to export');
    expect(exportText(english, [{ ...noExport, chunkIds: ['x'], sessions: 2 }])).toBe('Engram: wrote 2 sessions, commit to share');
  });
});

describe('what came by itself', () => {
  it('names authors', () => {
    expect(arrivalText(english, 'en', imported)).toBe('Engram: 3 memories, 1 edit from ana and bob');
    expect(arrivalText(english, 'en', { ...imported, authors: [''] })).toBe('Engram: 3 memories, 1 edit');
  });

  it('is quiet about nothing', () => expect(arrivalText(english, 'en', nothing)).toBe(''));

  it('shows a hostile author as text', () => {
    expect(arrivalText(english, 'en', { ...imported, authors: ['$(error)\u202e'] })).toBe(
      'Engram: 3 memories, 1 edit from $ (error)\ufffd',
    );
  });
});

describe('what a person types', () => {
  it.each([
    ['', 'A memory needs a title.'],
    [' \n', 'A memory needs a title.'],
    ['x'.repeat(501), 'Use at most 500 characters.'],
    ['Prices', undefined],
  ])('title %j', (title, expected) => expect(titleProblem(english, title)).toBe(expected));

  it('needs content', () => {
    expect(contentProblem(english, ' ')).toBe('A memory needs some content.');
    expect(contentProblem(english, 'x')).toBeUndefined();
  });

  it.each([
    ['', ''],
    ['---\n\n## Use cents\nbecause', 'Use cents'],
    ['  // why: floats lie', 'why: floats lie'],
    ['```', ''],
  ])('suggests a title for the selection %j', (selection, title) => expect(suggestedTitle(selection)).toBe(title));

  it('offers known types and the own word', () => {
    expect(offeredTypes('')[0]).toBe('manual');
    expect(offeredTypes('Bug')).toEqual(['bugfix', 'bug']);
    expect(offeredTypes('post mortem')).toEqual(['post_mortem']);
    expect(offeredTypes('decision')).toEqual(['decision']);
  });
});

describe('times', () => {
  it('reads both forms as UTC', () => {
    expect(instantIn('2026-02-01 09:00:00')).toBe(Date.parse('2026-02-01T09:00:00Z'));
    expect(instantIn('2026-02-01T09:00:00Z')).toBe(Date.parse('2026-02-01T09:00:00Z'));
    expect(instantIn('2026-99-01T09:00:00Z')).toBeUndefined();
    expect(instantIn('5')).toBeUndefined();
  });

  it('shows them in the language of the editor', () => {
    expect(dayText('2026-02-01T09:00:00Z', { locale: 'es', timeZone: 'UTC' })).toBe('domingo, 1 de febrero de 2026');
    expect(momentText('', calendar)).toBe('');
  });
});

describe('the argument of a command', () => {
  const chunk = { kind: 'chunk', root: ROOT, id: 'a3f8c1d2' };
  it('is a row, a target, or nothing', () => {
    expect(targetOf({ label: 'ana', target: chunk })).toEqual({ ...chunk, chunkId: '' });
    expect(targetOf({ ...chunk, kind: 'memory', chunkId: 'c' })).toEqual({ ...chunk, kind: 'memory', chunkId: 'c' });
    expect(targetOf({ kind: 'folder', root: ROOT })).toEqual({ kind: 'folder', root: ROOT, id: '', chunkId: '' });
  });

  it.each([
    undefined,
    null,
    5,
    'x',
    {},
    { target: null },
    { kind: 'chunk', root: ROOT },
    { kind: 'x', root: ROOT, id: 'a' },
    { kind: 'chunk', root: 1, id: 'a' },
  ])('is not trusted: %j', (argument) => expect(targetOf(argument)).toBeUndefined());
});
