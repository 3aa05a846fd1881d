import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeProject } from '../../../src/engine/goText.ts';
import { chunkText, engramFolder, openIn } from '../../support/folder.ts';

const SPELLINGS = ['my-app_x', ' My-App_X\t', 'MY--APP__X', '\u00a0my---app_x'];

describe('names that differ in case, blanks around them, or repeated - and _', () => {
  it('are one project wherever a person names it', async () => {
    const root = engramFolder();
    const folder = openIn(root);
    for (const [number, project] of SPELLINGS.entries())
      await folder.save({ title: `Title ${number}`, content: `word ${number}`, project });
    await folder.save({ title: 'Other', content: 'word other', project: 'my-app-x' });
    for (const project of SPELLINGS) expect(await folder.search('word', { project })).toHaveLength(SPELLINGS.length);
    const { chunkIds, memories } = await folder.exportNew({ project: ' My--App_X ' });
    expect(memories).toBe(SPELLINGS.length);
    const projects = JSON.parse(chunkText(root, chunkIds[0] ?? '')).observations.map((row: { project: string }) => row.project);
    expect(new Set(projects)).toEqual(new Set(['my-app_x']));
  });

  it('have one normal form', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9._/ -]{1,12}$/);
    const blanks = fc.stringMatching(/^[ \t\n\u00a0]{0,3}$/);
    const repeated = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(name, blanks, blanks, repeated, (text, before, after, times) => {
        const other = `${before}${text.toUpperCase().replaceAll('-', '-'.repeat(times)).replaceAll('_', '_'.repeat(times))}${after}`;
        expect(normalizeProject(other).normalized).toBe(normalizeProject(text).normalized);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { normalized } = normalizeProject(text);
        expect(normalizeProject(normalized)).toEqual({ normalized, warning: '' });
      }),
    );
  });
});
