import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Random } from '../simulation/random.ts';
import { baseChunk } from './baseChunk.ts';
import { inflateText, mutateText } from './mutateText.ts';

/** A chunk file that somebody or something spoiled. */
export interface FuzzedChunk {
  /** The hash of its JSON, or, for one in ten and what is not packed, any other name. */
  readonly id: string;
  readonly packed: Uint8Array;
}

/** Text to bytes; a lone surrogate becomes its three bytes, which are no UTF-8 and which `Buffer` would replace. */
function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = text.split(/([\ud800-\udfff])/).map((part) => {
    if (part.length !== 1 || part.isWellFormed()) return Buffer.from(part);
    const unit = part.charCodeAt(0);
    return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
  });
  return Buffer.concat(parts);
}

export function fuzzedChunk(random: Random): FuzzedChunk {
  const kind = random.next();
  if (kind < 0.03) return { id: anyId(random), packed: random.bytes(random.int(0, 400)) };
  const json = bytesOf(kind < 0.045 ? inflateText(random) : spoiledText(random));
  const id = random.chance(0.1) ? anyId(random) : createHash('sha256').update(json).digest('hex').slice(0, 8);
  const packed = gzipSync(json, { level: 1 });
  if (kind < 0.8) return { id, packed };
  return { id, packed: spoiledPack(packed, json, random) };
}

/** One in ten is a sound chunk: what is spoiled then is its pack, or nothing. */
function spoiledText(random: Random): string {
  const text = baseChunk(random);
  return random.chance(0.1) ? text : mutateText(text, random);
}

function anyId(random: Random): string {
  return Buffer.from(random.bytes(4)).toString('hex');
}

function spoiledPack(packed: Uint8Array, json: Uint8Array, random: Random): Uint8Array {
  const half = Math.floor(json.length / 2);
  const member = (from: number, to: number): Uint8Array => gzipSync(json.subarray(from, to));
  return random.oneOf(
    () => flipped(packed, random),
    () => packed.subarray(0, random.int(0, packed.length)),
    () => packed.subarray(random.int(0, Math.min(20, packed.length))),
    () => Buffer.concat([packed, packed]),
    () => Buffer.concat([member(0, half), member(half, json.length)]),
    () => Buffer.concat([packed, random.bytes(random.int(1, 30))]),
    () => Buffer.concat([packed, Buffer.alloc(random.int(1, 600))]),
    () => Buffer.concat([packed, packed.subarray(0, random.int(1, 12))]),
    () => Buffer.concat([packed.subarray(0, 20), packed]),
    () => json,
    () => gzipSync(packed),
    () => new Uint8Array(),
  )();
}

function flipped(packed: Uint8Array, random: Random): Uint8Array {
  const copy = Buffer.from(packed);
  for (let times = random.int(1, 4); times > 0; times -= 1) {
    const at = random.int(0, copy.length - 1);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.int(0, 7));
  }
  return copy;
}
