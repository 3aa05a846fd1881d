import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WriteGuard } from '../engine/ports.ts';
import { writeFileAtomically } from './atomicFile.ts';
import { translateFsError } from './fsErrors.ts';
import type { GitCommand } from './git.ts';
import { readRegularFile } from './regularFile.ts';

const NAME = '.gitignore';
/** Everything in `.engram` that is one person's own. The file ignores itself, so that `git status` never shows it. */
const LINES = [NAME, 'engram.db*', 'index.db*', '.lock*', '*.tmp-*'];
const MAX_BYTES = 1024 * 1024;
const EXCLUDE_TITLE = '# Engram: databases, lock and temporary files of .engram';

/**
 * Keeps databases, lock and temporary files out of git: writes `.engram/.gitignore`, or adds the lines that it lacks; a person's own lines
 * stay. Where git tracks that file it belongs to the team, and the lines go into the repository's own `info/exclude` instead.
 *
 * @throws {EngramError} not-regular-file, read-only, disk-full, io-failed, git-failed
 */
export async function ensureIgnoreFile(root: string, git: GitCommand | undefined, guard: WriteGuard): Promise<void> {
  const path = join(root, NAME);
  const text = await readText(path, NAME);
  const lacking = lackingLines(text, LINES);
  if (lacking.length === 0) return;
  if (git && (await git.tracks(NAME))) return exclude(git, lacking);
  await writeFileAtomically(path, Buffer.from(withLines(text, lacking)), guard);
}

async function exclude(git: GitCommand, lines: readonly string[]): Promise<void> {
  const path = await git.excludeFile();
  const folder = escapePattern(git.folder);
  const wanted = lines.filter((line) => line !== NAME).map((line) => `/${folder}/**/${line}`);
  const text = await readText(path, 'info/exclude');
  const lacking = lackingLines(text, wanted);
  if (lacking.length === 0) return;
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${EXCLUDE_TITLE}\n${lacking.join('\n')}\n`);
  } catch (error) {
    throw translateFsError(error, 'info/exclude');
  }
}

async function readText(path: string, subject: string): Promise<string> {
  const bytes = await readRegularFile(path, { subject, maxBytes: MAX_BYTES, tooLarge: 'io-failed' });
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}

function lackingLines(text: string, wanted: readonly string[]): string[] {
  const there = new Set(text.split(/\r?\n/));
  return wanted.filter((line) => !there.has(line));
}

function withLines(text: string, lines: readonly string[]): string {
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}${lines.join('\n')}\n`;
}

/** A path as a gitignore pattern that means only itself. */
function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]]/g, '\\$&');
}
