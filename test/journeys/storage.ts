import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { demoMemories } from '../../scripts/demoTeam.ts';
import { exec, mustExec } from '../../scripts/exec.ts';
import { shortTemporaryFolder } from '../../scripts/harness/server.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';

const isRoot = process.getuid?.() === 0;
/** To root nothing is read-only and no quota ends, so its server runs as the user `nobody`. */
const unprivileged = isRoot ? { server: { uid: 65_534 } } : {};

const readOnly: Journey = {
  name: 'A folder that may not be written',
  ...unprivileged,
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    chmodSync(folder, 0o755);
    await mustExec('chmod', ['-R', 'a-w,a+rX', carol]);
    const window = await open(carol);
    await window.openSidebar();
    await window.seesStatus(/read-only/);
    await window.seesRow('Chunks', /alice/);
    await window.seesNotice('Read-only', /nothing is imported or exported\. Nothing was changed; allow writing/, 'Click to try again');
    await picture(window, 'read-only');
    await mustExec('chmod', ['-R', 'u+w', carol]);
  },
};

const fullDisk: Journey = {
  name: 'A full disk',
  ...unprivileged,
  skip: () => (canMount() ? undefined : 'needs root and mount to make a small disk'),
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    chmodSync(folder, 0o755);
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    await mustExec('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0777', 'tmpfs', disk]);
    try {
      cpSync(path.join(carol, '.engram'), path.join(disk, '.engram'), { recursive: true });
      await mustExec('chown', ['-R', '65534', disk]);
      await exec('dd', ['if=/dev/zero', `of=${disk}/ballast`, 'bs=4k']);
      const window = await open(disk);
      await window.openSidebar();
      await window.seesStatus(/disk full/);
      await window.seesRow('Chunks', /alice/);
      await window.seesNotice('Disk full', /Nothing was lost; make room and sync again\./, 'Click to try again');
      await picture(window, 'full-disk');
      rmSync(path.join(disk, 'ballast'));
      await window.statusItem.click();
      await eventually('nothing was lost', () => memoriesIn(disk).length === demoMemories);
    } finally {
      await exec('umount', ['--lazy', disk]);
    }
  },
};

function canMount(): boolean {
  if (!isRoot || process.platform !== 'linux') return false;
  const folder = shortTemporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Disks that refuse. */
export const storage: readonly Journey[] = [readOnly, fullDisk];
