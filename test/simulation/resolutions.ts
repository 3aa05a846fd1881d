import { decodeManifest, EMPTY_MANIFEST, encodeManifest, type Manifest } from '../../src/engine/manifest.ts';
import type { Conflict, Resolver } from './clone.ts';
import type { Random } from './random.ts';
import type { Teammate } from './teammate.ts';

export type Resolution = 'extension' | 'union' | 'ours' | 'theirs' | 'markers' | 'dropped';

/** What people do with a conflict in the manifest, the right thing and the mistakes that real repositories show. */
export const RESOLUTIONS: readonly [Resolution, ...Resolution[]] = [
  'extension',
  'extension',
  'union',
  'ours',
  'theirs',
  'markers',
  'dropped',
];

/** `extension`: ours repairs while git's merge is open; without ours, or where that leaves no sound manifest, the union by hand. */
export function resolverOf(member: Teammate, how: Resolution, random: Random): Resolver {
  return async (conflict) => {
    if (how === 'markers') return;
    if (how === 'extension' && member.program === 'ours') {
      await member.repair();
      await member.sync();
      if (isSound(member.clone.manifestText())) return;
    }
    member.clone.writeManifestText(textOf(resolved(conflict, how, random)));
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
  return text !== undefined && isSound(text) ? decodeManifest(text) : EMPTY_MANIFEST;
}

export function isSound(text: string | undefined): boolean {
  try {
    return text === undefined || decodeManifest(text) !== undefined;
  } catch {
    return false;
  }
}

export function textOf(manifest: Manifest): string {
  return new TextDecoder().decode(encodeManifest(manifest));
}
