import { join, resolve } from 'node:path';
import { openGit } from '../adapters/git.ts';
import { findGit } from '../adapters/gitProcess.ts';
import { type DetectedProject, detectProject as detectIn } from '../adapters/projectDetection.ts';

/** Which project a folder belongs to, asked of git and of the folder (Go `project.DetectProjectFull`). */
export async function detectProject(dir: string): Promise<DetectedProject> {
  const path = resolve(dir);
  return detectIn(path, await openGit(join(path, '.engram'), findGit()));
}
