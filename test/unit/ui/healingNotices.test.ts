import { describe, expect, it } from 'vitest';
import type { FolderState, Healing, HealSummary } from '../../../src/engine/folderState.ts';
import { noticeRows } from '../../../src/ui/folderNotices.ts';
import { healedText } from '../../../src/ui/summaries.ts';
import { english, ROOT, snapshot } from './folderSnapshots.ts';

const healing: Healing = { kinds: ['conflict'], entries: 3, unlisted: 0, duplicates: 0, missing: 0, torn: 0, automatic: false };
const healed: HealSummary = {
  kinds: ['unlisted'],
  written: true,
  entries: 3,
  added: 1,
  removed: 0,
  restored: [],
  notFound: [],
  unmerged: false,
};
const rows = (state: Parameters<typeof snapshot>[0]) => noticeRows(english, ROOT, snapshot(state));
const repair = { kind: 'notice', action: { kind: 'repair', root: ROOT } };

describe('what a repair would do, as notices', () => {
  it.each<[string, Partial<Healing>, string, RegExp]>([
    ['a conflict', {}, 'Manifest conflict', /conflict markers.*Nothing is lost: a repair lists 3 chunks, those of both sides\.$/],
    ['a damaged manifest', { kinds: ['damaged'] }, 'Manifest damaged', /^manifest\.json cannot be read\..*writes it anew with 3 chunks/],
    ['a lost one', { kinds: ['lost'] }, 'No manifest', /^There is no manifest\.json\..*anew with 3 chunks\.$/],
    ['one unlisted chunk', { kinds: ['unlisted'], unlisted: 1 }, 'Chunks not listed', /^1 chunk is here .*lists it again\.$/],
    ['unlisted chunks', { kinds: ['unlisted'], unlisted: 2 }, 'Chunks not listed', /^2 chunks are here .*lists them again\.$/],
    ['duplicates', { kinds: ['duplicates'], duplicates: 1 }, 'Entries twice', /twice\. They are imported once/],
    ['one missing chunk', { kinds: ['missing'], missing: 1 }, 'Chunks missing', /^1 chunk is listed, .*looks for it in git’s history\.$/],
    ['missing chunks', { kinds: ['missing'], missing: 2 }, 'Chunks missing', /^2 chunks are listed, .*looks for them in git’s history\.$/],
  ])('%s: what happened, what is safe, and one click that repairs', (_name, more, label, sentence) => {
    const [row, ...others] = rows({ healing: { ...healing, ...more } });
    expect(others).toEqual([]);
    expect(row).toMatchObject({ label, target: repair });
    expect(row?.description).toMatch(sentence);
    expect(row?.tooltip).toMatch(/\nClick to repair$/);
    expect(row?.spoken).toContain(`${label}. `);
  });

  it('take the place of the problem they are about, and of no other', () => {
    const problem = (code: 'manifest-conflict' | 'manifest-invalid', message: string) =>
      ({ code, severity: 'error', message, subject: 'manifest.json' }) as const;
    const problems: FolderState['problems'] = [
      problem('manifest-conflict', 'x'),
      problem('manifest-invalid', 'Entry 2 of manifest.json cannot be used'),
    ];
    expect(rows({ healing, problems }).map(({ label }) => label)).toEqual(['Manifest damaged', 'Manifest conflict']);
    expect(rows({ healing, problems: [problem('manifest-conflict', 'x')] })).toHaveLength(1);
    expect(rows({ problems: [problem('manifest-conflict', 'x')] }).map(({ label }) => label)).toEqual(['Manifest conflict']);
  });

  it('offer nothing in Restricted Mode', () => {
    expect(rows({ healing, mode: 'browse' })[0]?.target).toEqual({ kind: 'notice', action: undefined });
  });
});

describe('what a repair did', () => {
  const scm = { kind: 'notice', action: { kind: 'run', command: 'workbench.view.scm' } };

  it.each<[string, Partial<HealSummary>, string, string]>([
    ['listed again', {}, 'Repaired', 'manifest.json lists 1 chunk more. Commit .engram to share it.'],
    [
      'written anew',
      { kinds: ['lost', 'unlisted'] },
      'Repaired',
      'manifest.json is written anew with 3 chunks. Commit .engram to share it.',
    ],
    [
      'cleared',
      { kinds: ['duplicates'], added: 0, removed: 2 },
      'Repaired',
      'What manifest.json listed twice it lists once. Commit .engram to share it.',
    ],
    [
      'unmerged',
      { kinds: ['conflict'], unmerged: true },
      'Repaired',
      'manifest.json lists 3 chunks, those of both sides. Git still waits for you. Resolve by: git add .engram/manifest.json',
    ],
    ['restored', { written: false, restored: ['a', 'b'] }, 'Repaired', '2 chunks came back from git’s history.'],
    [
      'not found',
      { written: false, notFound: ['a'] },
      'Chunks not found',
      'Not in git’s history either: 1 chunk. They stay listed; ask their authors for the files.',
    ],
  ])('%s: says it, and the one thing that is left to do', (_name, more, label, detail) => {
    const [row, ...others] = rows({ healed: { ...healed, ...more }, git: { uncommitted: 1, unmerged: more.unmerged ?? false } });
    expect(row).toMatchObject({ label, description: detail });
    expect(others.map((other) => other.label)).toEqual(more.written === false && !more.unmerged ? ['Commit to share'] : []);
    if (more.written !== false) expect(row?.target).toEqual(scm);
  });

  it('of an earlier window is told as long as git waits', () => {
    expect(rows({ git: { unmerged: true, uncommitted: 1 } })).toMatchObject([{ label: 'Conflict repaired', target: scm }]);
  });

  it('is one line in the status bar', () => {
    expect(healedText(english, healed)).toBe('Engram: manifest repaired');
    expect(healedText(english, { ...healed, restored: ['a'], notFound: ['b', 'c'] })).toBe(
      'Engram: manifest repaired, 1 chunk restored, 2 chunks not found',
    );
    expect(healedText(english, { ...healed, written: false })).toBe('Engram: nothing to repair');
  });
});

it('a torn chunk is told once, by its own row, which repairs it; an altered one is not touched', () => {
  const problem = (code: 'chunk-corrupt' | 'chunk-altered') => ({ code, severity: 'warning', message: 'x', subject: 'a3f8c1d2' }) as const;
  const torn = rows({ healing: { ...healing, kinds: ['torn'], torn: 1 }, problems: [problem('chunk-corrupt'), problem('chunk-altered')] });
  expect(torn).toMatchObject([
    { label: 'Chunk damaged', target: repair },
    { label: 'Chunk altered', target: { action: { kind: 'import-altered' } } },
  ]);
});

it('deleted chunks that git has are told once, and a repair brings them back', () => {
  const deleted = rows({ healing: { ...healing, kinds: ['missing'], missing: 2 }, git: { deleted: 2 } });
  expect(deleted).toMatchObject([{ label: 'Chunks deleted', target: repair }]);
  expect(rows({ healing: { ...healing, kinds: ['missing'], missing: 3 }, git: { deleted: 2 } })).toHaveLength(2);
});

it('a broken merge driver is told, with the click that mends it; all other states of it are quiet', () => {
  expect(rows({ mergeDriver: 'broken' })).toMatchObject([
    { label: 'Merge driver broken', target: { action: { kind: 'run', command: 'engram.installMergeDriver' } } },
  ]);
  for (const mergeDriver of ['absent', 'ok', 'outdated'] as const) expect(rows({ mergeDriver })).toEqual([]);
});
