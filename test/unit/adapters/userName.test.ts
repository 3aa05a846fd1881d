import { describe, expect, it } from 'vitest';
import { authorName, getUsername } from '../../../src/adapters/userName.ts';

const git = (name: string) => ({ userName: async () => name });

describe('getUsername', () => {
  it.each([
    [{ USER: 'ann', USERNAME: 'bob' }, 'host', 'ann'],
    [{ USER: '', USERNAME: 'bob' }, 'host', 'bob'],
    [{}, 'host', 'host'],
    [{}, '', 'unknown'],
  ])('%j on %j is %s', (env, host, expected) => {
    expect(getUsername(env, () => host)).toBe(expected);
  });

  it('bears a system that has no name', () => {
    const nameless = (): string => {
      throw new Error('no name');
    };
    expect(getUsername({}, nameless)).toBe('unknown');
  });
});

describe('authorName', () => {
  it.each([
    ['Chosen', 'Git', { USER: 'ann' }, 'Chosen'],
    ['  ', 'Git', { USER: 'ann' }, 'ann'],
    ['', 'Git', { USER: 'root' }, 'Git'],
    ['', 'Git', { USER: 'Administrator' }, 'Git'],
    ['', 'Git', { USERNAME: 'vscode' }, 'Git'],
    ['', 'Git', {}, 'Git'],
    ['', '', { USER: 'root' }, 'root'],
  ])('setting %j, git %j, environment %j is %s', async (setting, name, env, expected) => {
    expect(await authorName(setting, git(name), env)).toBe(expected);
  });

  it('does not need git', async () => {
    expect(await authorName('', { userName: () => Promise.reject(new Error('git')) }, { USER: 'root' })).toBe('root');
    expect(await authorName('', undefined, { USER: 'root' })).toBe('root');
  });
});
