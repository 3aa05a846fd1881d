import { conflictSides, withoutMarkers } from './conflictText.ts';
import { EngramError } from './errors.ts';
import { canonicalJson } from './goJson.ts';
import { instantOf } from './goTime.ts';
import { readLooseManifest } from './looseManifest.ts';
import { type ChunkEntry, type ChunkId, decodeManifest, type Manifest } from './manifest.ts';
import type { Extra, JsonValue } from './records.ts';

/** A larger file that is no JSON is not searched: real manifests have a few hundred bytes for each chunk. */
const MAX_DAMAGED_BYTES = 1024 * 1024;

/**
 * Everything that any of the manifests lists: each chunk once, at the place where it is seen first. Chunks never change, so a union can
 * never be wrong; what it may list too much is shown as missing.
 *
 * Laws: up to the order of the entries it is commutative, associative and idempotent; no id, no unusable entry and no unknown key of any
 * side is lost; the version is the highest.
 */
export function uniteManifests(manifests: readonly Manifest[]): Manifest {
  const chunks = new Map<ChunkId, ChunkEntry>();
  const unusable = new Map<string, JsonValue>();
  let extra: Extra | undefined;
  let version = 0;
  for (const manifest of manifests) {
    for (const entry of manifest.chunks) {
      const seen = chunks.get(entry.id);
      chunks.set(entry.id, seen ? uniteEntries(seen, entry) : entry);
    }
    for (const { json } of manifest.unusable) unusable.set(canonicalJson(json), json);
    extra = uniteKeys(extra, manifest.extra);
    version = Math.max(version, manifest.version);
  }
  return {
    version,
    chunks: [...chunks.values()],
    unusable: [...unusable.values()].map((json, index) => ({ index: chunks.size + index, reason: 'it was not usable before', json })),
    ...(extra && { extra }),
  };
}

/**
 * Reads a manifest that git's conflict markers, a merge tool or an accident may have damaged: every side that the markers leave, and what
 * can be read of it piece by piece.
 */
export function readDamagedManifest(bytes: Uint8Array): Manifest {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  if (bytes.length > MAX_DAMAGED_BYTES) return uniteManifests([strictly(text) ?? []].flat());
  const sides = conflictSides(text).map((side) => ({ ...side, read: strictly(side.text) ?? readLooseManifest(side.text) }));
  const whole = sides.filter(({ isWhole }) => isWhole).map(({ read }) => read);
  const rest = [...sides.filter(({ isWhole }) => !isWhole).map(({ read }) => read), readLooseManifest(withoutMarkers(text))];
  return uniteManifests([...whole, ...unseenIn(rest, whole)]);
}

/** Entries that only the base or a mixture of the sides names: whatever is named stays listed, but says nothing of entries that are whole. */
function unseenIn(rest: readonly Manifest[], whole: readonly Manifest[]): Manifest[] {
  const seen = new Set(whole.flatMap(({ chunks }) => chunks.map(({ id }) => id)));
  return rest.map(({ chunks }) => ({ version: 0, chunks: chunks.filter(({ id }) => !seen.has(id)), unusable: [] }));
}

function strictly(text: string): Manifest | undefined {
  try {
    return decodeManifest(text);
  } catch (error) {
    if (EngramError.is(error)) return undefined;
    throw error;
  }
}

/** Entries of one chunk differ only where somebody edited one: field by field the one that says more, whoever comes first. */
function uniteEntries(a: ChunkEntry, b: ChunkEntry): ChunkEntry {
  const extra = uniteKeys(a.extra, b.extra);
  return {
    id: a.id,
    createdBy: greater(a.createdBy, b.createdBy),
    createdAt: earlier(a.createdAt, b.createdAt),
    sessions: Math.max(a.sessions, b.sessions),
    memories: Math.max(a.memories, b.memories),
    prompts: Math.max(a.prompts, b.prompts),
    ...(extra && { extra }),
  };
}

/** A time that can be read before one that cannot; the earlier, because older programs leave out what is older than the newest entry. */
function earlier(a: string, b: string): string {
  const [left, right] = [instantOf(a), instantOf(b)];
  if (left === right) return left === '' ? greater(a, b) : lesser(a, b);
  if (left === '' || right === '') return left === '' ? b : a;
  return left < right ? a : b;
}

function greater(a: string, b: string): string {
  return a < b ? b : a;
}

function lesser(a: string, b: string): string {
  return b < a ? b : a;
}

function uniteKeys(a: Extra | undefined, b: Extra | undefined): Extra | undefined {
  if (!a || !b) return a ?? b;
  const united = new Map(a);
  for (const [key, value] of b) {
    const other = united.get(key);
    if (other === undefined || canonicalJson(value) > canonicalJson(other)) united.set(key, value);
  }
  return united;
}
