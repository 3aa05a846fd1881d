const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads bytes as UTF-8 and loses nothing: each byte 0xNN that belongs to no valid sequence becomes the lone surrogate U+DCNN.
 * What counts as one bad byte is what Go counts (`utf8.DecodeRune`: width 1). A byte order mark is kept.
 */
export function decodeLooseUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeBytewise(bytes);
  }
}

/** The inverse of {@link decodeLooseUtf8}. Lone surrogates that stand for no byte become U+FFFD. */
export function encodeLooseUtf8(text: string): Uint8Array {
  const parts: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(code - 0xdc00);
    else parts.push(...encoder.encode(character));
  }
  return Uint8Array.from(parts);
}

function decodeBytewise(bytes: Uint8Array): string {
  let text = '';
  let index = 0;
  while (index < bytes.length) {
    const length = sequenceLength(bytes, index);
    text += length === 0 ? String.fromCharCode(0xdc00 + (bytes[index] ?? 0)) : strictDecoder.decode(bytes.subarray(index, index + length));
    index += Math.max(length, 1);
  }
  return text;
}

/** Length of the valid sequence at `index`, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const first = bytes[index] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    strictDecoder.decode(bytes.subarray(index, index + length));
  } catch {
    return 0;
  }
  return index + length <= bytes.length ? length : 0;
}
