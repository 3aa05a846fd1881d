import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goFields, goLower, goTrim, normalizeProject, normalizeTopicKey, stripPrivateTags } from '../../../src/engine/goText.ts';

describe('text as Go handles it', () => {
  it('knows white space that JavaScript does not, and the reverse', () => {
    expect(goTrim('\u0085\u00a0x\u3000')).toBe('x');
    expect(goTrim('\ufeffx')).toBe('\ufeffx');
    expect(goFields(' a\u0085b\n\nc ')).toEqual(['a', 'b', 'c']);
    expect(goTrim(' \n ')).toBe('');
  });

  it('lower-cases each code point by itself', () => {
    expect(goLower('İΣΑΣ😀K')).toBe('iσασ😀k');
  });

  it('cuts a topic before the character that does not fit, so that cutting again changes nothing', () => {
    const topic = normalizeTopicKey(`${'a'.repeat(119)}é`);
    expect(topic).toBe('a'.repeat(119));
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        (text) => normalizeTopicKey(normalizeTopicKey(text)) === normalizeTopicKey(text),
      ),
    );
  });

  it('redacts many unclosed tags in linear time', () => {
    const text = '<private>'.repeat(20_000);
    const start = performance.now();
    expect(stripPrivateTags(text)).toBe(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('quotes what cannot be seen in a warning', () => {
    expect(normalizeProject('\u0000\u202eA').warning).toBe('⚠️ Project name normalized: "\\x00\\u202eA" → "\\x00\\u202ea"');
  });
});
