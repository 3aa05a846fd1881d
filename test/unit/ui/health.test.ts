import { describe, expect, it } from 'vitest';
import type { HealthFinding, HealthReport } from '../../../src/engine/health.ts';
import { findLinks } from '../../../src/ui/documents/addresses.ts';
import { healthDocument } from '../../../src/ui/documents/healthDocument.ts';
import { undoDetail } from '../../../src/ui/summaries.ts';
import { english } from './folderSnapshots.ts';

const finding: HealthFinding = {
  code: 'row-not-exported',
  severity: 'warning',
  sentence: '2 rows would not come back: they are in no chunk yet.',
  subject: 'engram.db',
  items: [],
  more: 0,
  fix: { kind: 'command', command: 'engram.syncNow', text: 'Sync, then commit .engram.' },
};
const clone: HealthReport['clone'] = { source: 'commit', compared: 9, lost: 2, personal: 1 };
const made = (report: Partial<HealthReport>, name = 'shop') =>
  healthDocument(english, { findings: [finding], clone, chunks: 3, ...report }, { name, when: 'today' });

describe('the report', () => {
  it('answers first, then names each finding with what mends it', () => {
    const { text } = made({});
    expect(text).toContain('# Memory health: shop\nLooked at 3 chunks, today · Check again\n');
    expect(text).toContain('2 of 9 rows would not come back. 1 personal rows stay here by choice');
    expect(text).toContain('## 1 warning\n');
    expect(text).toContain('### Warning: Not exported yet\n\n2 rows would not come back');
    expect(text).toContain('→ Sync, then commit .engram. · Sync\n');
  });

  it('runs commands only where it says so itself', () => {
    const items = [
      { kind: 'memory', id: 'obs-1', text: '<engram:memory/other> [Sync](command:quit) file:/etc/passwd' },
      { kind: 'file', id: '<engram:chunk/x>', text: '' },
    ] as const;
    const { text, actions } = made(
      { findings: [{ ...finding, items, fix: { kind: 'repair', repair: 'raise-version', text: 'Raise it.' } }] },
      '<engram:chunk/x>',
    );
    expect(actions.map(({ start, end, command }) => [text.slice(start, end), command])).toEqual([
      ['Check again', 'engram.checkHealth'],
      ['Fix…', 'engram.fixHealth'],
    ]);
    expect(findLinks(text).map(({ address }) => address)).toEqual([{ kind: 'memory', id: 'obs-1' }]);
    expect(text).not.toMatch(/file:\/|\]\(command/);
  });

  it.each([
    ['none', 0, /nothing in this database to compare/],
    ['commit', 0, /^Yes\. What is committed was/m],
    ['remote', 0, /^Yes\. What is committed and pushed/m],
    ['remote', 1, /^No\. .* 1 of 9 rows/m],
    ['folder', 0, /^Yes\. There is no git here/m],
    ['folder', 1, /^No\. There is no git here/m],
  ] as const)('says what was compared (%s, %d lost)', (source, lost, words) => {
    expect(made({ findings: [], clone: { source, compared: 9, lost, personal: 0 } }).text).toMatch(words);
  });

  it('says how many it does not list', () => {
    expect(made({ findings: [{ ...finding, items: [{ kind: 'chunk', id: 'abcd1234', text: '' }], more: 7 }] }).text).toContain(
      '- and 7 more',
    );
  });
});

describe('the question before an undo', () => {
  const nothing = { memories: 0, prompts: 0, relations: 0, back: 0, returned: 0, kept: 0 };

  it('says what goes, what goes back, what returns and what stays', () => {
    expect(undoDetail(english, { memories: 2, prompts: 1, relations: 0, back: 1, returned: 3, kept: 1 }).split('\n')).toEqual([
      'Removed from this database: 2 memories, 1 prompt.',
      '1 goes back to its earlier version.',
      '3 that it deleted come back.',
      '1 stays as it is, because the chunk with its earlier version cannot be read.',
      expect.stringContaining('your team is not affected'),
    ]);
  });

  it('says so where nothing would change', () => {
    expect(undoDetail(english, nothing)).toMatch(/^Nothing in this database came from it alone\./);
  });
});
