import { EMPTY_MANIFEST, encodeManifest, type Manifest, parseManifest } from '../../src/engine/manifest.ts';
import type { Clone, Conflict, Resolver } from './clone.ts';
import type { Random } from './random.ts';

export type Resolution = 'extension' | 'union' | 'ours' | 'theirs' | 'markers' | 'dropped';

/** What people do with a conflict in the manifest, the right thing and the mistakes that real repositories show. */
export const RESOLUTIONS: readonly Resolution[] = ['extension', 'extension', 'union', 'ours', 'theirs', 'markers', 'dropped'];

/**
 * @param sync ours, run while git's merge is open; what it leaves is committed when it is sound, else the union.
 */
export function resolverOf(clone: Clone, how: Resolution, random: Random, sync: () => Promise<unknown>): Resolver {
  return async (conflict) => {
    if (how === 'markers') return;
    if (how === 'extension') await sync();
    if (how === 'extension' && isSound(clone.manifestText())) return;
    clone.writeManifestText(textOf(resolved(conflict, how, random)));
  };
}

function resolved({ ours, theirs }: Conflict, how: Resolution, random: Random): Manifest {
  const [mine, other] = [manifestOf(ours), manifestOf(theirs)];
  if (how === 'ours') return mine;
  if (how === 'theirs') return other;
  const listed = new Set(mine.chunks.map(({ id }) => id));
  const chunks = [...mine.chunks, ...other.chunks.filter(({ id }) => !listed.has(id))];
  const victim = how === 'dropped' ? random.pick(chunks) : undefined;
  return { ...mine, chunks: chunks.filter((entry) => entry !== victim) };
}

/** A side that a person left broken before counts as empty: nobody reads it by hand. */
function manifestOf(text: string | undefined): Manifest {
  return text !== undefined && isSound(text) ? parseManifest(text) : EMPTY_MANIFEST;
}

export function isSound(text: string | undefined): boolean {
  try {
    return text === undefined || parseManifest(text) !== undefined;
  } catch {
    return false;
  }
}

export function textOf(manifest: Manifest): string {
  return new TextDecoder().decode(encodeManifest(manifest));
}
