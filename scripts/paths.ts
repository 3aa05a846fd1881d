import path from 'node:path';

/** The repository, and where scripts put what git ignores. All absolute. */
export const root = path.resolve(import.meta.dirname, '..');
export const dist = path.join(root, 'dist');
export const results = path.join(root, 'test-results');
export const vsix = path.join(root, 'engram-team-memory.vsix');
export const harnessFolder = path.join(root, '.harness');

/** A locally installed command-line tool, e.g. `tool('biome')`. */
export function tool(name: string): string {
  return path.join(root, 'node_modules', '.bin', name);
}
