import { type Extension, extensions } from 'vscode';

/** The extension under test, as VS Code knows it. */
export function ourExtension(): Extension<unknown> {
  const found = extensions.getExtension('engram-team-memory.engram-team-memory');
  if (!found) throw new Error('The extension is not installed in this window');
  return found;
}
