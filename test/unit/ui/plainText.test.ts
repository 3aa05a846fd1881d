import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LABEL_LENGTH, plain } from '../../../src/ui/plainText.ts';

/** Ordinary text mixed with everything that VS Code or a terminal would obey. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom(
        '$(error)',
        '$(',
        '$',
        '(',
        '](',
        '[x](command:quit)',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u0007',
        '\u001b[31m',
        '\n',
        '\r\n',
        '\t',
        '\ud800',
        '\u{e0041}',
        '\u{e0002}',
        '😀',
      ),
    ),
  )
  .map((parts) => parts.join(''));

describe('plain', () => {
  it('leaves nothing that is obeyed: no control or bidirectional character, no icon, no link', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 200 }), (text, maxLength) => {
        const safe = plain(text, maxLength);
        expect(safe).not.toMatch(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u);
        expect(safe).not.toContain('$(');
        expect(safe).not.toContain('](');
        expect(safe.isWellFormed()).toBe(true);
        expect([...safe].length).toBeLessThanOrEqual(maxLength);
      }),
    );
  });

  it('changes nothing twice', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(plain(plain(text))).toBe(plain(text));
      }),
    );
  });

  it('leaves ordinary text alone', () => {
    expect(plain('Prices: 5 € (net) – “ñandú” 👩‍💻')).toBe('Prices: 5 € (net) – “ñandú” 👩‍💻');
  });

  it.each([
    ['a\n  b\t c', 'a b c'],
    ['$(error) failed', '$ (error) failed'],
    ['[click](command:workbench.action.quit)', '[click] (command:workbench.action.quit)'],
    ['abc\u202edef', 'abc\ufffddef'],
    ['', ''],
    ['  ', ''],
  ])('%j becomes %j', (text, expected) => expect(plain(text)).toBe(expected));

  it('cuts between code points, with an ellipsis', () => {
    expect(plain('😀'.repeat(100))).toBe(`${'😀'.repeat(LABEL_LENGTH - 1)}…`);
    expect(plain('x'.repeat(2_000_000), 5)).toBe('xxxx…');
  });
});
