import { decodeManifest } from '../../src/engine/manifest.ts';
import type { Clone } from './clone.ts';
import type { Random } from './random.ts';
import { isSound, RESOLUTIONS, resolverOf, textOf } from './resolutions.ts';
import type { Teammate } from './teammate.ts';

/** One thing a person does with engine, git or files. */
export type FolderAction = (member: Teammate, random: Random) => Promise<unknown>;

export const sync: FolderAction = (member) => member.sync();
/** Ours tells that the folder needs a repair, and offers it. */
export const repair: FolderAction = (member) => member.repair();
export const importOnly: FolderAction = (member) => member.importChunks();
export const settle: FolderAction = (member) => member.settle();
export const exportOnly: FolderAction = (member) => member.exportNew();

export const commit: FolderAction = async ({ clone }, random) => {
  clone.commit(random.oneOf('all', 'all', 'all', 'all', 'all', 'manifest', 'chunks'));
};

export const pull: FolderAction = async (member, random) => {
  const { clone } = member;
  clone.fetch();
  const upstream = `origin/${clone.head()}`;
  if (!clone.remoteBranches().includes(upstream)) return;
  makeClean(clone, random);
  const resolve = resolverOf(member, random.oneOf(...RESOLUTIONS), random);
  if (random.chance(0.3)) await clone.rebase(upstream, resolve);
  else await clone.merge(upstream, resolve);
};

export const push: FolderAction = async ({ clone }) => clone.push();

/** Committed at once: the next pull or push meets what others have committed meanwhile. */
export const publish: FolderAction = async (member) => {
  await member.sync();
  member.clone.commit('all');
};

/** The usual way of a day: sync, commit, pull, sync again, commit, push. */
export const share: FolderAction = async (member, random) => {
  await publish(member, random);
  await pull(member, random);
  if (random.chance(0.5)) await member.repair();
  await member.sync();
  member.clone.commit('all');
  member.clone.push();
};

export const branchOff: FolderAction = async ({ clone }, random) => {
  const name = `feature-${random.int(1, 4)}`;
  if (!clone.branches().includes(name)) clone.createBranch(name);
};

export const switchBranch: FolderAction = async ({ clone }, random) => {
  const names = new Set([...clone.branches(), ...clone.remoteBranches().map(shortName)]);
  names.delete(clone.head());
  const name = random.pick([...names]);
  if (name === undefined) return;
  makeClean(clone, random);
  clone.switchTo(name);
};

export const mergeBranch: FolderAction = async (member, random) => {
  const { clone } = member;
  const ref = random.pick([...clone.branches(), ...clone.remoteBranches()]);
  if (ref === undefined) return;
  makeClean(clone, random);
  if (random.chance(0.05)) clone.mergeDroppingTheirs(ref);
  else await clone.merge(ref, resolverOf(member, random.oneOf(...RESOLUTIONS), random));
};

/** Merged or not: what only it had is new again for those who wrote it. */
export const deleteBranch: FolderAction = async ({ clone }, random) => {
  const name = random.pick(clone.branches().filter((branch) => branch !== 'main' && branch !== clone.head()));
  if (name !== undefined) clone.deleteBranch(name);
};

export const discard: FolderAction = async ({ clone }) => clone.discard();
export const restoreManifest: FolderAction = async ({ clone }) => clone.restoreManifest();

export const dropEntry: FolderAction = async ({ clone }, random) => {
  const text = clone.manifestText();
  if (text === undefined || !isSound(text)) return;
  const manifest = decodeManifest(text);
  const victim = random.pick(manifest.chunks);
  clone.writeManifestText(textOf({ ...manifest, chunks: manifest.chunks.filter((entry) => entry !== victim) }));
};

export const loseIndex: FolderAction = async (member) => member.loseIndex();

/** A sync, an import or an export that is killed after some writes; most have fewer than six. */
export const crash: FolderAction = (member, random) => {
  const work = random.oneOf<() => Promise<unknown>>(
    () => member.sync(),
    () => member.importChunks(),
    () => member.settle(),
    () => member.repair(),
    () => member.exportNew(),
  );
  return member.killedAfter(random.int(0, 6), work);
};

/** Git refuses to merge or switch over changes, so people commit them, or throw them away. */
export function makeClean(clone: Clone, random: Random): void {
  if (!clone.isDirty()) return;
  if (random.chance(0.95)) clone.commit('all');
  else clone.discard();
}

export function shortName(remoteBranch: string): string {
  return remoteBranch.replace(/^origin\//, '');
}
