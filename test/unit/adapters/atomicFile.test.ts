import { chmod, lstat, mkdir, open, readdir, readFile, rename, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AtomicDisk, writeFileAtomically } from '../../../src/adapters/atomicFile.ts';
import { translateFsError } from '../../../src/adapters/fsErrors.ts';
import { removeStaleTemporaryFiles } from '../../../src/adapters/temporaryFiles.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { scratchFolder } from '../../support/scratch.ts';

const allow = async (): Promise<void> => undefined;

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The real disk, where call number `failing` (open, write, sync, close, lstat, rename) fails. */
function failingDisk(failing: number, code: string): { disk: AtomicDisk; calls: () => number } {
  let calls = 0;
  const step = (): void => {
    calls += 1;
    if (calls === failing) throw systemError(code);
  };
  const disk: AtomicDisk = {
    open: async (...args) => {
      step();
      const handle = await open(...args);
      const { writeFile: write, sync } = handle;
      handle.writeFile = async (data, options) => {
        await write.call(handle, typeof data === 'string' ? data.slice(0, 2) : Buffer.from('to'), options);
        step();
        await write.call(handle, Buffer.from('rn'), options);
      };
      handle.sync = async () => {
        step();
        await sync.call(handle);
      };
      return handle;
    },
    lstat: (async (path: string) => {
      step();
      return lstat(path);
    }) as typeof lstat,
    rename: async (from, to) => {
      step();
      await rename(from, to);
    },
    unlink,
  };
  return { disk, calls: () => calls };
}

describe('writeFileAtomically', () => {
  it('writes a new file and replaces an old one, keeping its permissions', async () => {
    const folder = await scratchFolder();
    const path = join(folder, 'engram.db');
    await writeFileAtomically(path, Buffer.from('one'), allow);
    await chmod(path, 0o600);
    await writeFileAtomically(path, Buffer.from('two'), allow);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['engram.db']);
  });

  it('leaves the old file whole and no temporary file, whichever call fails', async () => {
    const folder = await scratchFolder();
    const path = join(folder, 'manifest.json');
    await writeFile(path, 'old');
    const counting = failingDisk(0, 'EIO');
    await writeFileAtomically(path, Buffer.from('torn'), allow, counting.disk);
    const beforeRename = counting.calls() - 2; // the last two calls sync the folder
    expect(beforeRename).toBeGreaterThanOrEqual(6);
    for (let failing = 1; failing <= beforeRename; failing += 1) {
      await writeFile(path, 'old');
      const write = writeFileAtomically(path, Buffer.from('torn'), allow, failingDisk(failing, 'ENOSPC').disk);
      await expect(write, `call ${failing}`).rejects.toMatchObject({ code: 'disk-full', subject: 'manifest.json' });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['manifest.json']);
    }
  });

  it('has written when only the folder could not be synced', async () => {
    const folder = await scratchFolder();
    const path = join(folder, 'x');
    const counting = failingDisk(0, 'EIO');
    await writeFileAtomically(path, Buffer.from('torn'), allow, counting.disk);
    await writeFileAtomically(path, Buffer.from('torn'), allow, failingDisk(counting.calls(), 'EINVAL').disk);
    expect(await readFile(path, 'utf8')).toBe('torn');
  });

  it('asks the guard after the data is safe and before the rename', async () => {
    const folder = await scratchFolder();
    const path = join(folder, 'x');
    const seen: string[] = [];
    const guard = async (): Promise<void> => {
      for (const name of await readdir(folder)) seen.push(await readFile(join(folder, name), 'utf8'));
      throw new EngramError('lock-lost', 'gone');
    };
    await expect(writeFileAtomically(path, Buffer.from('new'), guard)).rejects.toMatchObject({ code: 'lock-lost' });
    expect(seen).toEqual(['new']);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a symbolic link and a folder in its place, also one that comes while it writes', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'outside'), 'precious');
    await symlink(join(folder, 'outside'), join(folder, 'link'));
    await mkdir(join(folder, 'folder'));
    for (const name of ['link', 'folder']) {
      await expect(writeFileAtomically(join(folder, name), Buffer.from('x'), allow)).rejects.toMatchObject({ code: 'not-regular-file' });
    }
    const late = writeFileAtomically(join(folder, 'late'), Buffer.from('x'), () => symlink(join(folder, 'outside'), join(folder, 'late')));
    await expect(late).rejects.toMatchObject({ code: 'not-regular-file' });
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('precious');
    expect(await readdir(folder)).toEqual(['folder', 'late', 'link', 'outside']);
  });
});

describe('translateFsError', () => {
  it.each([
    ['ENOSPC', 'write', 'disk-full'],
    ['EDQUOT', 'write', 'disk-full'],
    ['EROFS', 'write', 'read-only'],
    ['EACCES', 'write', 'read-only'],
    ['EPERM', 'write', 'read-only'],
    ['EACCES', 'read', 'io-failed'],
    ['ELOOP', 'read', 'not-regular-file'],
    ['EISDIR', 'read', 'not-regular-file'],
    ['EIO', 'read', 'io-failed'],
    ['EMFILE', 'write', 'io-failed'],
  ] as const)('%s when it should %s is %s', (code, access, expected) => {
    expect(translateFsError(systemError(code), 'chunks/a.jsonl.gz', access)).toMatchObject({ name: 'EngramError', code: expected });
  });

  it('names the subject and never the path in the sentence', () => {
    const error = translateFsError(Object.assign(new Error("ENOSPC: '/home/someone/.engram/x'"), { code: 'ENOSPC' }), 'x');
    expect(error.message).toBe('x was not written: the disk is full.');
  });

  it('lets an EngramError pass', () => {
    const error = new EngramError('lock-lost', 'gone');
    expect(translateFsError(error, 'x')).toBe(error);
  });
});

describe('removeStaleTemporaryFiles', () => {
  it('removes files of dead processes and old ones, and nothing else', async () => {
    const root = await scratchFolder();
    await mkdir(join(root, 'chunks'));
    const dead = 2 ** 22 + 1; // beyond the largest process id of Linux and macOS
    const keep = ['manifest.json', `.a.tmp-${process.pid}-0f`, `a.tmp-x-0f`, `notes.tmp-${dead}-0f.md`, 'engram.db'];
    const remove = [
      `.manifest.json.tmp-${dead}-0f`,
      `engram.db.tmp-${dead}-ab12`,
      `.old.tmp-${process.pid}-0f`,
      `chunks/.b.jsonl.gz.tmp-${dead}-1`,
    ];
    for (const name of [...keep, ...remove]) await writeFile(join(root, name), name);
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(join(root, `.old.tmp-${process.pid}-0f`), longAgo, longAgo);
    await symlink(join(root, 'engram.db'), join(root, `link.tmp-${dead}-0f`));
    await mkdir(join(root, `folder.tmp-${dead}-0f`));
    expect(await removeStaleTemporaryFiles(root)).toBe(remove.length);
    expect((await readdir(root)).sort()).toEqual([...keep, 'chunks', `link.tmp-${dead}-0f`, `folder.tmp-${dead}-0f`].sort());
    expect(await readdir(join(root, 'chunks'))).toEqual([]);
  });

  it('does not follow a link that stands for the folder, and bears that there is none', async () => {
    const folder = await scratchFolder();
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'x.tmp-4194305-0f'), '');
    await symlink(join(folder, 'real'), join(folder, '.engram'));
    expect(await removeStaleTemporaryFiles(join(folder, '.engram'))).toBe(0);
    expect(await removeStaleTemporaryFiles(join(folder, 'absent'))).toBe(0);
  });
});
