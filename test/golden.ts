import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Inside the golden data: what the real programs read and write. The folder may be absent; then a test says so and skips. */
export function goldenPath(...parts: readonly string[]): string {
  return resolve(root, process.env['ENGRAM_GOLDEN'] ?? '../shared/golden', ...parts);
}

/** Inside the corpus: real `.engram` folders. It may be absent as well. */
export function corpusPath(...parts: readonly string[]): string {
  return resolve(root, process.env['ENGRAM_CORPUS'] ?? '../shared/corpus', ...parts);
}
