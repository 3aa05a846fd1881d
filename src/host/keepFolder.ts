/**
 * Name of the folder, in the extension's own storage, that keeps what one `.engram` has not shared yet: the same for the same path on
 * every start. 64 bits of FNV-1a: it only has to tell a handful of folders apart, and is no secret.
 */
export function keepFolderName(root: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(root)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `kept-${hash.toString(16).padStart(16, '0')}`;
}
