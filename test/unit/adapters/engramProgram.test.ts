import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEngramProgram, programEnvironment, withoutSecrets } from '../../../src/adapters/engramProgram.ts';
import { temporaryFolder } from '../../support/folder.ts';

const NAME = process.platform === 'win32' ? 'engram.exe' : 'engram';

/** A folder with a program of that name, as far as a look at it can tell. */
function withProgram(folder: string, mode = 0o755): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, NAME);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

const pathOf = (...folders: readonly string[]) => ({ PATH: folders.join(delimiter) });

describe.skipIf(process.platform === 'win32')('findEngramProgram (needs file modes and links)', () => {
  it('takes the first in PATH that can be run', () => {
    const base = temporaryFolder();
    withProgram(join(base, 'not-executable'), 0o644);
    mkdirSync(join(base, 'folder', NAME), { recursive: true });
    const path = withProgram(join(base, 'bin'));
    const env = pathOf(join(base, 'nowhere'), join(base, 'not-executable'), join(base, 'folder'), join(base, 'bin'));
    expect(findEngramProgram({ path: '', notIn: [] }, env)).toEqual({ path });
    expect(findEngramProgram({ path: '', notIn: [] }, pathOf(join(base, 'not-executable')))).toEqual({ path: '', problem: 'not-found' });
    expect(findEngramProgram({ path: '', notIn: [] }, {})).toEqual({ path: '', problem: 'not-found' });
  });

  it('passes over what an opened repository could have put there', () => {
    const base = temporaryFolder();
    const [shop, elsewhere] = [join(base, 'shop'), join(base, 'elsewhere')];
    withProgram(join(shop, 'bin'));
    symlinkSync(join(shop, 'bin'), join(base, 'way-in'));
    mkdirSync(elsewhere);
    symlinkSync(join(shop, 'bin', NAME), join(elsewhere, NAME));
    const notIn = [shop];
    for (const folder of [join(shop, 'bin'), shop, join(base, 'way-in'), elsewhere, 'bin', '', '.'])
      expect(findEngramProgram({ path: '', notIn }, pathOf(folder)), folder).toEqual({ path: '', problem: 'not-found' });
    const good = withProgram(join(base, 'shop-tools'));
    expect(findEngramProgram({ path: '', notIn }, pathOf('.', join(shop, 'bin'), elsewhere, join(base, 'shop-tools')))).toEqual({
      path: good,
    });
    symlinkSync(good, join(base, NAME));
    expect(findEngramProgram({ path: '', notIn }, pathOf(base))).toEqual({ path: join(base, NAME) });
  });

  it('knows an opened repository by any of its names', () => {
    const base = temporaryFolder();
    withProgram(join(base, 'shop', 'bin'));
    symlinkSync(join(base, 'shop'), join(base, 'link'));
    for (const notIn of [[join(base, 'link')], [join(base, 'shop')]])
      for (const folder of [join(base, 'link', 'bin'), join(base, 'shop', 'bin')])
        expect(findEngramProgram({ path: '', notIn }, pathOf(folder))).toEqual({ path: '', problem: 'not-found' });
  });

  it('takes the path of the settings and no other, and says what is wrong with it', () => {
    const base = temporaryFolder();
    const path = withProgram(join(base, 'bin'));
    const env = pathOf(join(base, 'bin'));
    expect(findEngramProgram({ path, notIn: [] }, {})).toEqual({ path });
    for (const relative of ['engram', './bin/engram', '../engram'])
      expect(findEngramProgram({ path: relative, notIn: [] }, env)).toEqual({ path: '', problem: 'not-absolute' });
    for (const wrong of [join(base, 'nowhere'), base, withProgram(join(base, 'plain'), 0o644)])
      expect(findEngramProgram({ path: wrong, notIn: [] }, env)).toEqual({ path: '', problem: 'not-a-program' });
  });
});

describe('programEnvironment', () => {
  const of = { databasePath: join(temporaryFolderName(), 'engram.db'), notIn: ['/shop'] };

  it('has the person’s own, with this database and nothing that leads elsewhere', () => {
    const env = programEnvironment(of, {
      HOME: '/home/ann',
      PATH: ['/usr/bin', '.', '/shop/bin', ''].join(delimiter),
      ENGRAM_CLOUD_SYNC: '1',
      ENGRAM_CLOUD_AUTOSYNC: '1',
      ENGRAM_PROJECT: 'other',
      Engram_Data_Dir: '/elsewhere',
      GITHUB_TOKEN: 'x',
      GIT_DIR: '/elsewhere',
    });
    expect(env).toEqual({ HOME: '/home/ann', PATH: '/usr/bin', ENGRAM_DATA_DIR: temporaryFolderName() });
    expect(programEnvironment({ ...of, project: 'shop' }, {})).toMatchObject({ ENGRAM_PROJECT: 'shop' });
  });

  it('is refused for a database that the program would not find by its folder', () => {
    expect(() => programEnvironment({ ...of, databasePath: '/x/memories.db' }, {})).toThrow(/engram\.db only/);
  });
});

/** Nothing is looked at there. */
function temporaryFolderName(): string {
  return join('/', 'home', 'ann', '.engram');
}

it('what goes to the log has no secrets, those of the environment and those that show themselves', () => {
  const env = { MY_API_KEY: 'correct horse', SHELL: '/bin/bash', A_TOKEN: 'abc' };
  const text = `engram: correct horse said /bin/bash, abc, ${'ghp'}_0123456789abcdef and Bearer x.y.z`;
  expect(withoutSecrets(text, env)).toBe('engram: … said /bin/bash, abc, … and …');
});
