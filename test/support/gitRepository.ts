import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { scratchFolder } from './scratch.ts';

const IDENTITY = [
  '-c',
  'user.name=Test',
  '-c',
  'user.email=test@example.com',
  '-c',
  'commit.gpgsign=false',
  '-c',
  'init.defaultBranch=main',
];

/** A repository in a temporary folder, made with the real git and none of the person's configuration. */
export interface TestRepository {
  readonly path: string;
  git(...args: string[]): string;
  /** As {@link git}, at another time. */
  gitAt(date: string, ...args: string[]): string;
  write(name: string, text?: string): Promise<void>;
}

export async function testRepository(): Promise<TestRepository> {
  const repository = repositoryAt(await scratchFolder());
  repository.git('init', '-q');
  return repository;
}

export function repositoryAt(path: string): TestRepository {
  const run = (date: string | undefined, args: readonly string[]): string => {
    const dates = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...dates };
    return execFileSync('git', [...IDENTITY, ...args], { cwd: path, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  return {
    path,
    git: (...args) => run(undefined, args),
    gitAt: (date, ...args) => run(date, args),
    async write(name, text = name) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    },
  };
}
