import { describe, expect, it } from 'vitest';
import type { ProgramPreview, ProgramSyncSummary } from '../../../src/engine/programSync.ts';
import { noticeRows } from '../../../src/ui/folderNotices.ts';
import { hasNothingToDo, pathProblem, programQuestion, programResult } from '../../../src/ui/programTexts.ts';
import { statusText } from '../../../src/ui/statusText.ts';
import { english, ROOT, snapshot } from './folderSnapshots.ts';

const PATH = '/usr/local/bin/engram';
const nothing = { memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0 };
const problem = { code: 'store-foreign', severity: 'warning', message: 'as the engine says it', subject: 'engram.db' } as const;
const readOnly = { database: 'foreign', problems: [problem] } as const;

const preview: ProgramPreview = {
  program: PATH,
  chunks: 2,
  arrivals: { ...nothing, memories: 3, edits: 1 },
  otherProjects: 0,
  newerHere: 0,
  altered: 0,
  unreadable: 0,
  share: { ...nothing, project: 'shop', memories: 3, personal: 0, byProject: [], byType: [{ name: 'decision', count: 3 }], byAuthor: [] },
  personal: 0,
  author: 'ann',
};
const summary: ProgramSyncSummary = {
  imported: { ...nothing, chunks: 0 },
  notBrought: 0,
  putBack: 0,
  setBack: 0,
  waiting: 0,
  shared: { chunkIds: [], memories: 0, personal: 0, prompts: 0, sessions: 0, mutations: 0 },
};
const question = (more: Partial<ProgramPreview> = {}, keepsPrompts = false) =>
  programQuestion(english, { ...preview, ...more }, keepsPrompts);
const result = (more: Partial<ProgramSyncSummary>) => programResult(english, { ...summary, ...more });

describe('a folder whose memories only the Engram program can write', () => {
  const status = (...differences: Parameters<typeof snapshot>) => statusText(english, [snapshot(...differences)], 'ready');

  it('offers the program in the status bar, and counts what waits', () => {
    const program = { path: PATH };
    expect(status({ ...readOnly, program })).toMatchObject({
      text: '$(lock) Engram: read-only',
      command: 'engram.syncAll',
      isWarning: false,
      tooltip: expect.stringMatching(/The engram program changes them.*\nClick to sync with the engram program$/),
    });
    expect(status({ ...readOnly, program, chunkTotals: { waiting: 2 } })).toMatchObject({
      text: '$(cloud-download) Engram: 2 to import',
      spoken: 'Engram, 2 to import, Click to sync with the engram program',
    });
    expect(status({ ...readOnly, program, git: { uncommitted: 1 } })?.text).toContain('commit to share');
  });

  it('leads to what can be done where there is no program, and does not say the same twice', () => {
    const program = { path: '', problem: 'not-found' } as const;
    expect(status({ ...readOnly, program })).toMatchObject({ text: '$(lock) Engram: read-only', command: 'engram.chunks.focus' });
    const rows = noticeRows(english, ROOT, snapshot({ ...readOnly, program }));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      label: 'Database of the Engram program',
      description: expect.stringMatching(
        /read-only, as of their last commit\. .* in no folder of PATH\. Nothing is lost; update the editor, or install/,
      ),
      target: { action: { kind: 'run', command: 'engram.setProgramPath' } },
    });
    expect(rows[0]?.tooltip).toMatch(/Click to set its path$/);
    const found = noticeRows(english, ROOT, snapshot({ ...readOnly, program: { path: PATH } }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ description: expect.stringContaining(PATH), target: { action: { kind: 'sync', root: ROOT } } });
    expect(noticeRows(english, ROOT, snapshot(readOnly))[0]?.description).toBe('as the engine says it');
  });

  it.each(['not-absolute', 'not-a-program'] as const)('says what is wrong with the path in the settings: %s', (what) => {
    const rows = noticeRows(english, ROOT, snapshot({ ...readOnly, program: { path: '', problem: what } }));
    expect(rows[0]?.description).toMatch(/the path of the engram program in the settings/i);
  });
});

it('a path is taken where it is absolute, or empty', () => {
  for (const path of ['', ' ', PATH, 'C:\\Tools\\engram.exe', 'c:/engram.exe', '\\\\server\\engram.exe'])
    expect(pathProblem(english, path), path).toBeUndefined();
  for (const path of ['engram', './engram', '~/engram', 'C:engram.exe'])
    expect(pathProblem(english, path), path).toMatch(/has to be absolute/);
});

describe('programQuestion', () => {
  it('says what would come, what would leave, as whom, and by which program', () => {
    const { question: asked, detail, canImport } = question();
    expect(asked).toBe('Sync project “shop” with the engram program?');
    expect(canImport).toBe(true);
    expect(detail.split('\n')).toEqual([
      'To import: 2 chunks with 3 memories, 1 edit.',
      '',
      'To share, as ann:',
      'decision: 3 memories',
      expect.stringMatching(
        /^The program shares prompts and personal memories, too, and decides by its clock: .* everybody who has the repository\.$/,
      ),
      '',
      PATH,
    ]);
  });

  it('names what would leave that should not, and what would come that ours would hold back', () => {
    const share = { ...preview.share, prompts: 4 };
    const { detail } = question({ share, personal: 2, otherProjects: 5, newerHere: 6, altered: 7, unreadable: 8 }, true);
    expect(detail).toContain('Personal memories among them: 2');
    expect(detail).toContain('Prompts, what you typed to agents: 4\nYou said that prompts stay here. The program cannot leave them out.');
    for (const count of [/which the program does not hold back: 5/, /put back: 6/, /imports all the same: 7/, /stops there: 8/])
      expect(detail).toMatch(count);
    expect(question({ share }).detail).not.toContain('You said');
  });

  it('says so where nothing waits or nothing is new', () => {
    expect(question({ chunks: 0 })).toMatchObject({ canImport: false, detail: expect.stringMatching(/^Nothing waits to be imported\.\n/) });
    const share = { ...preview.share, memories: 0, byType: [] };
    expect(question({ share }).detail).toContain('Nothing here is new to your team');
    expect(hasNothingToDo(preview)).toBe(false);
    expect(hasNothingToDo({ ...preview, chunks: 0 })).toBe(false);
    expect(hasNothingToDo({ ...preview, chunks: 0, share })).toBe(true);
  });

  it('shows what somebody else wrote as text', () => {
    const share = { ...preview.share, project: 'a\u202e\nb', byType: [{ name: 'x\n\ny', count: 1 }] };
    const { question: asked, detail } = question({ share, author: 'ann\n\nTo import: nothing' });
    expect(asked).not.toMatch(/\n|\u202e/);
    expect(detail.split('\n')).toHaveLength(7);
  });
});

describe('programResult', () => {
  it('says what came and what left', () => {
    const imported = { ...nothing, chunks: 1, memories: 2 };
    const shared = { ...summary.shared, chunkIds: ['a1b2c3d4'], memories: 2, personal: 1, prompts: 1 };
    expect(result({})).toEqual({ text: 'The engram program found nothing new.', isWarning: false });
    expect(result({ imported })).toEqual({ text: 'The engram program imported 2 memories.', isWarning: false });
    expect(result({ imported: { ...nothing, chunks: 1 } }).text).toBe('The engram program imported 1 chunk.');
    expect(result({ imported, shared }).text).toBe(
      'The engram program imported 2 memories and wrote 2 memories, 1 prompt: commit to share. Personal memories among them: 1.',
    );
    expect(result({ imported, putBack: 1 })).toMatchObject({
      isWarning: false,
      text: expect.stringContaining('put back as it was: 1 memory'),
    });
  });

  it('warns of what did not come, was set back, or still waits', () => {
    for (const [more, words] of [
      [{ notBrought: 2 }, /passes over it: 2 edits\. It stays in the chunks/],
      [{ setBack: 1 }, /Set back to an older version by the program: 1 memory/],
      [{ waiting: 3 }, /3 chunks still waiting/],
    ] as const)
      expect(result(more)).toEqual({ text: expect.stringMatching(words), isWarning: true });
  });

  it('says what stopped it, what is safe and what is next', () => {
    const stopped = { step: 'import', reason: 'parse chunk x:\n$(bad)' } as const;
    const { text, isWarning } = result({ stopped, waiting: 2, imported: { ...nothing, chunks: 1, memories: 1 } });
    expect(isWarning).toBe(true);
    expect(text).toMatch(
      /stopped while importing \(parse chunk x:.*imported 1 memory\. Nothing was shared; still waiting: 2 chunks\. Check/,
    );
    expect(text).not.toMatch(/\n|\$\(/);
    expect(result({ stopped: { ...stopped, step: 'share' } }).text).toMatch(
      /stopped while sharing .* Nothing is lost; see the log, then sync again/,
    );
  });
});
