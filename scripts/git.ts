import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { mustExec } from './exec.ts';

/** git in one folder, asking nobody anything. Returns stdout. */
export function git(folder: string, ...args: string[]): Promise<string> {
  return mustExec('git', ['-C', folder, ...args], { env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true' } });
}

export async function commitAndPush(folder: string, message: string): Promise<void> {
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--message', message);
  await git(folder, 'push', '--quiet', '--set-upstream', 'origin', 'main');
}

/** A member's clone. `pull.rebase`, because a local commit would make a plain pull stop on diverged branches. */
export async function clone(remote: string, folder: string, member: string): Promise<void> {
  mkdirSync(path.dirname(folder), { recursive: true });
  await mustExec('git', ['clone', '--quiet', remote, folder]);
  const settings = {
    'user.name': member,
    'user.email': `${member}@example.invalid`,
    'pull.rebase': 'true',
    'commit.gpgsign': 'false',
    'init.defaultBranch': 'main',
  };
  for (const [name, value] of Object.entries(settings)) await git(folder, 'config', name, value);
  await git(folder, 'symbolic-ref', 'HEAD', 'refs/heads/main');
}
