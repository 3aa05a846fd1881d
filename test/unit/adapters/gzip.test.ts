import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packGzip, unpackGzip } from '../../../src/adapters/gzip.ts';
import { EngramError } from '../../../src/engine/errors.ts';

const LIMIT = 32 * 1024 * 1024;
const hello = gzipSync('hello');
const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);

describe('packGzip', () => {
  it('writes the header bytes of Go, and the same bytes each time', async () => {
    const packed = await packGzip(Buffer.from('{"sessions":null}'));
    expect(Buffer.from(packed).toString('hex', 0, 10)).toBe('1f8b08000000000000ff');
    expect(await packGzip(Buffer.from('{"sessions":null}'))).toEqual(packed);
    expect(gunzipSync(packed).toString()).toBe('{"sessions":null}');
  });

  it('is undone by unpackGzip, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        expect(Buffer.from(await unpackGzip(await packGzip(bytes), LIMIT, 'x')).equals(bytes)).toBe(true);
      }),
    );
  });
});

describe('unpackGzip', () => {
  it('joins gzip members, as Go does', async () => {
    expect(Buffer.from(await unpackGzip(join(hello, hello), LIMIT, 'x')).toString()).toBe('hellohello');
  });

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['no gzip', Buffer.from('{"sessions":null}')],
    ['a truncated file', hello.subarray(0, -3)],
    ['a wrong checksum', join(hello.subarray(0, -8), Buffer.alloc(4), hello.subarray(-4))],
    ['text behind the end', join(hello, Buffer.from('xyz'))],
    ['zero bytes behind the end', join(hello, Buffer.alloc(5))],
    ['a second member that is cut', join(hello, hello.subarray(0, 12))],
  ])('refuses %s', async (_name, packed) => {
    await expect(unpackGzip(packed, LIMIT, 'chunks/x.jsonl.gz')).rejects.toMatchObject({
      code: 'chunk-corrupt',
      subject: 'chunks/x.jsonl.gz',
    });
  });

  it('allows exactly the limit', async () => {
    expect((await unpackGzip(hello, 5, 'x')).length).toBe(5);
    await expect(unpackGzip(hello, 4, 'x')).rejects.toMatchObject({ code: 'chunk-too-large' });
  });

  it('stops at the limit of a bomb of 300 MB, in one member and in many', async () => {
    const bomb = gzipSync(Buffer.alloc(300_000_000));
    const member = gzipSync(Buffer.alloc(1_000_000));
    const before = process.memoryUsage().rss;
    for (const packed of [bomb, Buffer.concat(Array.from({ length: 300 }, () => member))]) {
      await expect(unpackGzip(packed, LIMIT, 'x')).rejects.toMatchObject({ code: 'chunk-too-large' });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('throws nothing but EngramError on damaged files', async () => {
    const good = gzipSync(Buffer.from('{"sessions":[],"observations":[]}'.repeat(20)));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), async (at, value, length) => {
        const packed = Buffer.from(good);
        packed[at] = value;
        const error: unknown = await unpackGzip(packed.subarray(0, length), LIMIT, 'x').catch((caught: unknown) => caught);
        expect(error instanceof Uint8Array || EngramError.is(error)).toBe(true);
      }),
    );
  });
});
