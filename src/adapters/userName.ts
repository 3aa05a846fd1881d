import { hostname as systemHostname } from 'node:os';
import type { Git } from '../engine/ports.ts';

/** Names of accounts that say nothing of a person: containers, cloud machines and build servers. */
const NOBODY: ReadonlySet<string> = new Set(
  'root admin administrator user ubuntu debian vscode node codespace coder gitpod runner runneradmin ec2-user vagrant unknown'.split(' '),
);

type Environment = Readonly<Record<string, string | undefined>>;

/** Who writes a chunk, as the Go program says it: `USER`, `USERNAME`, the host's name, `unknown` (Engram v1.14.0 `sync.GetUsername`). */
export function getUsername(env: Environment = process.env, hostname: () => string = systemHostname): string {
  return env['USER'] || env['USERNAME'] || hostnameOrNone(hostname) || 'unknown';
}

/**
 * The author of what is exported here: the Go program's rule, and git's `user.name` where that rule finds no person.
 *
 * @param setting the author that the person chose; `''`: none.
 */
export async function authorName(setting: string, git: Pick<Git, 'userName'> | undefined, env: Environment = process.env): Promise<string> {
  if (setting.trim() !== '') return setting.trim();
  const account = getUsername(env);
  const isPerson = (env['USER'] || env['USERNAME']) && !NOBODY.has(account.toLowerCase());
  if (isPerson || !git) return account;
  return (await git.userName().catch(() => '')) || account; // a name is no reason to stop an export
}

/** Go ignores the error of `os.Hostname`. */
function hostnameOrNone(hostname: () => string): string {
  try {
    return hostname();
  } catch {
    return '';
  }
}
