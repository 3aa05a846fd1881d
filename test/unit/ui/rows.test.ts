import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CHUNK_ROWS } from '../../../src/engine/folderState.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import { chunkRows } from '../../../src/ui/chunkRows.ts';
import { contentFailureRow, contentRows } from '../../../src/ui/contentRows.ts';
import { pendingRows, waitingCount } from '../../../src/ui/pendingRows.ts';
import type { Row } from '../../../src/ui/rows.ts';
import { chunk, drawing, english, ROOT, snapshot } from './folderSnapshots.ts';

const source = (one: SessionSnapshot, root = ROOT) => ({ root, snapshot: one });
const allRows = (rows: readonly Row[]): Row[] =>
  rows.flatMap((row) => [row, ...(row.children === 'contents' ? [] : allRows(row.children))]);
const waiting = chunk({ id: 'b1', state: 'pending', waiting: true, createdBy: 'bob', memories: 1 });

describe('Pending imports', () => {
  it('shows what waits by author and time, and says it in full to a screen reader', () => {
    const rows = pendingRows(drawing, [source(snapshot({ chunks: [waiting, chunk()] }))]);
    expect(rows).toMatchObject([
      {
        id: `pending:${ROOT}:b1`,
        label: 'bob',
        icon: { name: 'cloud-download' },
        contextValue: 'engram.chunk.pending',
        target: { kind: 'chunk', root: ROOT, id: 'b1' },
        children: 'contents',
      },
    ]);
    expect(rows[0]?.description).toMatch(/^1 memory · Feb 1, 2026, 9:00\sAM · waiting to be imported$/);
    expect(rows[0]?.spoken).toMatch(/^1 memory, bob, Feb 1, 2026, 9:00\sAM, waiting to be imported$/);
  });

  it('groups by folder only where there are several, and leaves out those where nothing waits', () => {
    const one = source(snapshot({ chunks: [waiting] }));
    const quiet = source(snapshot({ chunks: [chunk()] }, { name: 'docs' }), 'file:///docs/.engram');
    expect(pendingRows(drawing, [one]).map((row) => row.contextValue)).toEqual(['engram.chunk.pending']);
    const grouped = pendingRows(drawing, [one, quiet]);
    expect(grouped.map(({ label, target, isOpen }) => ({ label, target, isOpen }))).toEqual([
      { label: 'shop', target: { kind: 'folder', root: ROOT }, isOpen: true },
    ]);
  });

  it('counts also what is beyond the rows, for the badge', () => {
    expect(waitingCount([snapshot({ chunkTotals: { waiting: 5 } }), { ...snapshot(), state: undefined }])).toBe(5);
  });
});

describe('Chunks', () => {
  const chunks = [chunk(), chunk({ id: 'c2', createdAt: '2026-01-31T10:00:00Z' }), waiting];
  const rows = (grouping: 'author' | 'day' | 'flat') =>
    chunkRows(drawing, [source(snapshot({ chunks, chunkTotals: { all: 3 } }))], grouping);

  it('groups by author, those that wait first', () => {
    expect(rows('author').map(({ label, description, isOpen }) => [label, description, isOpen])).toEqual([
      ['bob', '1 chunk, 1 memory', true],
      ['ana', '2 chunks, 6 memories', true],
    ]);
  });

  it('groups by day', () => {
    expect(rows('day').map(({ label }) => label)).toEqual(['Sunday, February 1, 2026', 'Saturday, January 31, 2026']);
  });

  it('lists without groups', () => {
    expect(rows('flat').map(({ label }) => label)).toEqual(['bob', 'ana', 'ana']);
  });

  it.each(['author', 'day', 'flat'] as const)('gives every row an id of its own and each chunk a row (%s)', (grouping) => {
    const all = allRows(rows(grouping));
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all.filter(({ target }) => target.kind === 'chunk')).toHaveLength(3);
  });

  it.each([
    ['imported', 'pass', ''],
    ['missing', 'question', 'file not here yet'],
    ['altered', 'edit', 'altered after it was written'],
    ['unlisted', 'diff-added', 'not in the manifest'],
    ['undone', 'discard', 'import undone, not in the database'],
    ['unreadable', 'error', 'cannot be read'],
    ['unknown', 'package', 'not opened in Restricted Mode'],
  ] as const)('tells a chunk that is %s by icon and words', (state, icon, words) => {
    const [row] = chunkRows(drawing, [source(snapshot({ chunks: [chunk({ state })] }))], 'flat');
    expect(row?.icon.name).toBe(icon);
    expect(row?.description).toContain(words);
    expect(row?.contextValue).toBe(`engram.chunk.${state}`);
  });

  it('offers no undo for a chunk that was written here', () => {
    const [row] = chunkRows(drawing, [source(snapshot({ chunks: [chunk({ own: true })] }))], 'flat');
    expect(row).toMatchObject({ icon: { name: 'pass' }, contextValue: 'engram.chunk.own' });
  });

  it('asks for a commit where a chunk is written and git does not have it', () => {
    const one = snapshot({ chunks: [chunk({ uncommitted: true })], git: { uncommitted: 1 } });
    const [notice, row] = chunkRows(drawing, [source(one)], 'flat');
    expect(notice).toMatchObject({ label: 'Commit to share', target: { action: { command: 'workbench.view.scm' } } });
    expect(row).toMatchObject({ icon: { name: 'git-commit' }, description: expect.stringContaining('commit to share') });
  });

  it('says how many older ones are not listed', () => {
    const one = snapshot({ chunks: [chunk()], chunkTotals: { all: MAX_CHUNK_ROWS + 1 } });
    expect(chunkRows(drawing, [source(one)], 'flat').at(-1)?.label).toBe(`${MAX_CHUNK_ROWS} older chunks are not listed`);
  });

  it('shows a time that cannot be read as it stands', () => {
    const [row] = chunkRows(drawing, [source(snapshot({ chunks: [chunk({ createdAt: 'yesterday', createdBy: '' })] }))], 'flat');
    expect(row?.label).toBe('Unknown author');
    expect(row?.description).toBe('3 memories · yesterday');
  });
});

describe('Notices above the chunks', () => {
  const labels = (one: SessionSnapshot) => chunkRows(drawing, [source(one)], 'flat').map(({ label }) => label);
  const conflict = { code: 'manifest-conflict', severity: 'error', message: 'Git could not merge it.', subject: 'manifest.json' } as const;

  it('gives each problem a sentence and a click that leads on', () => {
    const [row] = chunkRows(drawing, [source(snapshot({ problems: [conflict] }))], 'flat');
    expect(row).toMatchObject({
      label: 'Manifest conflict',
      description: 'Git could not merge it.',
      tooltip: 'Git could not merge it.\nClick to open manifest.json',
      target: { kind: 'notice', action: { kind: 'open-manifest', root: ROOT } },
    });
  });

  it('says the same thing once', () => {
    expect(labels(snapshot({ chunkTotals: { all: 0 }, problems: [conflict, conflict] }, { failure: conflict }))).toEqual([
      'Manifest conflict',
    ]);
  });

  it('names an ignored folder and a missing manifest', () => {
    expect(labels(snapshot({ chunkTotals: { all: 0 }, git: { ignored: true, uncommitted: 1 } }))).toEqual(['Not shared']);
    expect(labels(snapshot({ manifest: 'absent', chunks: [chunk()] }))).toEqual(['No manifest', 'ana']);
  });

  it('leads to what no branch has any more, without an alarm', () => {
    const [row] = chunkRows(drawing, [source(snapshot({ toShare: { noLongerShared: 2 } }))], 'flat');
    expect(row).toMatchObject({
      label: 'No longer shared',
      icon: { name: 'info' },
      target: { action: { kind: 'review-unshared', root: ROOT } },
    });
    expect(row?.spoken).toContain('2 memories here were shared once');
  });

  it('offers to bring back what was never shared and is lost', () => {
    const [row] = chunkRows(drawing, [source(snapshot({ kept: 2 }))], 'flat');
    expect(row).toMatchObject({ label: 'Memories kept aside', target: { action: { kind: 'restore-kept', root: ROOT } } });
    expect(row?.tooltip).toContain('2 changes that were never shared');
  });

  it('leaves folders that are not ours to the welcome view', () => {
    expect(labels(snapshot({ folder: 'foreign', problems: [conflict], chunkTotals: { all: 0 } }))).toEqual([]);
  });

  it.each(['../../x', 'C:\\x', 'a/b', ''])('never makes a path of the subject %j', (subject) => {
    const problem = { code: 'chunk-corrupt', severity: 'warning', message: 'torn', subject } as const;
    const [row] = chunkRows(drawing, [source(snapshot({ problems: [problem] }))], 'flat');
    expect(row?.target).toEqual({ kind: 'notice', action: { kind: 'run', command: 'engram.showLog' } });
  });
});

describe('What an unfolded chunk holds', () => {
  const place = { root: ROOT, parentId: 'pending:x' };

  it('opens memories as such and everything else in the chunk', () => {
    const items = [
      { kind: 'observation', key: 'obs-1', label: 'Prices', detail: 'decision' },
      { kind: 'prompt', key: 'prompt-1', label: 'Why?', detail: '' },
      { kind: 'observation', key: '', label: '', detail: '' },
    ] as const;
    const rows = contentRows(english, { id: 'a3f8c1d2', items, more: 7 }, place);
    expect(rows.map(({ label, target }) => [label, target.kind])).toEqual([
      ['Prices', 'memory'],
      ['Why?', 'chunk'],
      ['Untitled', 'chunk'],
      ['7 more: open the chunk to read them', 'chunk'],
    ]);
    expect(rows[0]).toMatchObject({ spoken: 'Memory, Prices, decision', contextValue: 'engram.item.observation' });
  });

  it('says why a chunk cannot be unfolded', () => {
    expect(contentFailureRow('Chunk x is torn.', place, 'x')).toMatchObject({ label: 'Chunk x is torn.', icon: { name: 'error' } });
  });
});

it('shows hostile text in rows as text and nothing else', () => {
  const text = fc.string({ unit: 'binary' }).map((rest) => `$(x)\u202e[a](command:quit)${rest}`);
  fc.assert(
    fc.property(text, text, fc.constantFrom('author', 'day', 'flat'), (evil, other, grouping) => {
      const hostileChunk = chunk({ createdBy: evil, createdAt: other, id: evil, problem: { code: 'chunk-corrupt', message: other } });
      const one = snapshot(
        { chunks: [hostileChunk], problems: [{ code: 'chunk-corrupt', severity: 'warning', message: evil, subject: other }] },
        { name: evil },
      );
      const held = contentRows(
        english,
        { id: evil, items: [{ kind: 'observation', key: evil, label: other, detail: evil }], more: 0 },
        { root: ROOT, parentId: 'x' },
      );
      const rows = [...allRows(chunkRows(drawing, [source(one), source(one, 'file:///b')], grouping)), ...held];
      for (const row of rows) {
        expect(row.label + row.description + row.spoken).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
        expect(row.tooltip).not.toMatch(/[\u202a-\u202e]/);
        expect(row.label + row.description + row.tooltip + row.spoken).not.toMatch(/\$\(|\]\(/);
      }
    }),
  );
});
