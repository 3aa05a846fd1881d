import { describe, expect, it } from 'vitest';
import type { ExportPreview } from '../../../src/engine/exportPreview.ts';
import type { LiveMemories } from '../../../src/engine/folderState.ts';
import { chunkRows } from '../../../src/ui/chunkRows.ts';
import {
  changedDatabaseText,
  databaseInUse,
  databaseItems,
  databaseLabel,
  heldBackItems,
  previewLines,
} from '../../../src/ui/databaseTexts.ts';
import { noticeRows } from '../../../src/ui/folderNotices.ts';
import { statusText } from '../../../src/ui/statusText.ts';
import { chunk as chunkRow, drawing, english, folderState, ROOT, snapshot } from './folderSnapshots.ts';

const live: LiveMemories = {
  path: '/home/ann/.engram/engram.db',
  project: 'shop',
  mayExport: true,
  heldBack: { chunkIds: [], changes: 0, chunks: [] },
};
const tooltip = (...differences: Parameters<typeof snapshot>) => statusText(english, [snapshot(...differences)], 'ready')?.tooltip;

describe('which memories are in use', () => {
  it('is said in the status bar’s tooltip and the view’s title, where there are two kinds of them', () => {
    expect(tooltip({ live })).toContain('Everything is imported and shared. Memories of the Engram program, project “shop”.');
    expect(tooltip({ liveFound: '/x' })).toContain('Memories of this folder alone, not those of the Engram program.');
    expect(tooltip({})).not.toContain('emories of');
    expect(databaseLabel(english, { live })).toBe('Engram program: shop');
    expect(databaseLabel(english, { liveFound: '/x' })).toBe('this folder’s own');
    expect(databaseLabel(english, {})).toBe('');
  });

  it('shows what somebody else wrote as text', () => {
    expect(databaseLabel(english, { live: { ...live, project: 'a\u202e$(x)\nb' } })).not.toMatch(/\n|\u202e/);
  });

  it('leads to the choice where the Engram program’s database is gone, in words of the editor’s language', () => {
    const problem = { code: 'not-found', severity: 'error', message: 'as the engine says it', subject: 'engram.db' } as const;
    const rows = noticeRows(english, ROOT, snapshot({ live, problems: [problem] }));
    expect(rows[0]).toMatchObject({
      label: 'Database of the Engram program',
      description: expect.stringMatching(/^It is not where the program keeps it\. Nothing was written/),
      target: { action: { kind: 'run', command: 'engram.chooseDatabase' } },
    });
    expect(rows[0]?.tooltip).toMatch(/Click to choose the database$/);
    const elsewhere = noticeRows(english, ROOT, snapshot({ problems: [problem] }));
    expect(elsewhere[0]).toMatchObject({ label: 'Not found', description: 'as the engine says it' });
  });

  it('is what was chosen, also while it cannot be opened', () => {
    expect([databaseInUse('live', undefined), databaseInUse('live', live)]).toEqual(['live', 'live']);
    expect([databaseInUse('auto', undefined), databaseInUse('auto', live)]).toEqual(['workspace', 'live']);
    expect(databaseInUse('workspace', undefined)).toBe('workspace');
  });

  it('is told after a change, once it is open', () => {
    const text = (picked: 'live' | 'workspace', differences: Parameters<typeof folderState>[0]) =>
      changedDatabaseText(english, picked, folderState(differences));
    expect(text('live', { live })).toMatch(/^The memories of the Engram program are in use now\. Nothing was copied/);
    expect(text('workspace', { liveFound: '/x' })).toMatch(/^This folder’s own memories are in use now\. Nothing was copied/);
    // Why not is a row of the view.
    expect(text('live', { live, database: 'unreadable' })).toBe('');
    expect(text('live', { database: 'unreadable' })).toBe('');
    expect(text('workspace', { database: 'not-a-file' })).toBe('');
    expect(changedDatabaseText(english, 'live', undefined)).toBe('');
  });

  it('stands first among the choices', () => {
    expect(databaseItems(english, 'live').map(({ database, description }) => [database, description])).toEqual([
      ['live', 'in use'],
      ['workspace', ''],
    ]);
    expect(databaseItems(english, 'workspace')[0]).toMatchObject({ database: 'workspace', description: 'in use' });
  });
});

describe('previewLines', () => {
  const preview: ExportPreview = {
    project: 'shop',
    memories: 3,
    prompts: 3,
    relations: 0,
    edits: 1,
    deletes: 1,
    personal: 4,
    byProject: [
      { name: 'shop', count: 5 },
      { name: 'bank', count: 1 },
    ],
    byType: [
      { name: 'prompt', count: 3 },
      { name: 'decision', count: 2 },
      { name: '', count: 1 },
    ],
    byAuthor: [{ name: 'ann', count: 6 }],
  };

  it('names author, types, prompts, and what stays', () => {
    expect(previewLines(english, preview).split('\n')).toEqual([
      'As ann. It goes into .engram, which git shares with everybody who has the repository.',
      '',
      'decision: 2 memories',
      'no type: 1 memory',
      'bank: 1 memory',
      'Prompts, what you typed to agents: 3',
      '1 edit, 1 deletion',
      '',
      'Personal memories that stay here: 4',
      'Nothing of other projects leaves. The answer is kept for this folder; “Engram: Choose What Is Shared…” changes it.',
    ]);
  });

  it('says so where nothing new would leave', () => {
    const nothing = { ...preview, memories: 0, prompts: 0, edits: 0, deletes: 0, personal: 0, byProject: [], byType: [], byAuthor: [] };
    expect(previewLines(english, nothing).split('\n')).toEqual([
      'Nothing new would go into .engram now. What is saved later does, and git shares it with everybody who has the repository.',
      '',
      'Nothing of other projects leaves. The answer is kept for this folder; “Engram: Choose What Is Shared…” changes it.',
    ]);
  });

  it('names the cloud server that gets it as well', () => {
    const lines = previewLines(english, preview, 'cloud.example').split('\n');
    expect(lines[1]).toBe('Each sync with the cloud sends cloud.example what it does not have of this project.');
    expect(lines.filter((line) => !previewLines(english, preview).split('\n').includes(line))).toHaveLength(1);
  });

  it('keeps to one line what somebody wrote on several', () => {
    const lines = previewLines(english, { ...preview, byAuthor: [{ name: 'a\nb', count: 1 }], byType: [{ name: 'z\nz', count: 1 }] });
    expect(lines.split('\n')).toHaveLength(9);
  });
});

it('changes of other projects that wait are a row with a click', () => {
  const held = snapshot({ live: { ...live, heldBack: { chunkIds: ['aaaaaaaa'], changes: 2, chunks: [] } } });
  const rows = chunkRows(drawing, [{ root: ROOT, snapshot: held }], 'flat');
  expect(rows[0]).toMatchObject({ label: 'Other projects', target: { kind: 'notice', action: { kind: 'review-held-back', root: ROOT } } });
});

describe('the chunks that want to change memories of other projects', () => {
  const chunk = (createdBy: string) => ({ ...chunkRow(), id: 'aaaaaaaa', createdBy });
  const memories = ['Rates', 'Keys', 'Roles'].map((title) => ({ title, project: 'bank' }));
  const itemsOf = (createdBy: string, changes: number, named = memories) =>
    heldBackItems(drawing, [{ id: 'aaaaaaaa', changes, memories: named }], [chunk(createdBy)]);

  it('say who wrote them, and which memories they are about', () => {
    expect(itemsOf('mallory', 3)).toMatchObject([
      { id: 'aaaaaaaa', label: 'mallory', detail: '“Rates” (bank), “Keys” (bank), “Roles” (bank)' },
    ]);
    expect(itemsOf('mallory', 3)[0]?.description).toMatch(/ · aaaaaaaa$/);
    expect(itemsOf('mallory', 7)[0]?.detail).toBe('“Rates” (bank), “Keys” (bank), “Roles” (bank), and 4 more');
    expect(itemsOf('mallory', 2, [])[0]?.detail).toBe('2 changes');
    expect(heldBackItems(drawing, [{ id: 'bbbbbbbb', changes: 1, memories: [] }], [])).toMatchObject([
      { label: 'Unknown author', description: 'bbbbbbbb', detail: '1 change' },
    ]);
  });

  it('are text, whatever somebody else wrote', () => {
    const hostile = '$(bug) a\nb\u202e';
    const [item] = itemsOf(hostile, 1, [{ title: hostile, project: hostile }]);
    for (const text of [item?.label, item?.description, item?.detail]) expect(text).not.toMatch(/\n|\$\(|\u202e/);
  });
});
