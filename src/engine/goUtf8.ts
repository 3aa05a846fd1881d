/**
 * UTF-8 as Go reads it. A byte that belongs to no valid sequence counts as one bad byte each, where a `TextDecoder` would give
 * one replacement for a whole broken sequence (Go `unicode/utf8.DecodeRune`).
 */

/** Bad byte 0xNN stands as the lone surrogate U+DCNN, so that nothing is lost; `toWellFormed()` makes it U+FFFD. */
const BAD_BYTE = 0xdc00;

/** Decodes bytes; each bad byte 0xNN becomes the lone surrogate U+DCNN. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

function decodeBroken(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(decoder.decode(bytes.subarray(start, at)), String.fromCharCode(BAD_BYTE + (bytes[at] ?? 0)));
    at += 1;
    start = at;
  }
  parts.push(decoder.decode(bytes.subarray(start)));
  return parts.join('');
}

/** Bytes of the valid sequence at `at`, 0 where there is none: no overlong forms, no surrogates, nothing above U+10FFFF. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const [low, high] = secondByteRange(first);
  if (second < low || second > high) return 0;
  for (let offset = 2; offset < length; offset += 1) {
    if (((bytes[at + offset] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function secondByteRange(first: number): readonly [low: number, high: number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
