import { EngramError } from '../../src/engine/errors.ts';
import type { Teammate } from './teammate.ts';

/** How a member's folder stands after a step: what a reader of a failure needs, in one line. */
export async function sayWhat(member: Teammate): Promise<string[]> {
  const { clone } = member;
  const files = new Set(clone.chunkFiles());
  const manifest = await clone.transport.readManifest().catch((error: unknown) => {
    if (EngramError.is(error)) return undefined;
    throw error;
  });
  if (!manifest) return [`    on ${clone.head()}: the manifest cannot be read; files ${[...files].join(' ')}`];
  const listed = manifest.chunks.map(({ id }) => (files.has(id) ? id : `${id}(missing)`));
  const unlisted = [...files].filter((id) => !manifest.chunks.some((entry) => entry.id === id)).map((id) => `${id}(unlisted)`);
  return [`    on ${clone.head()}${clone.isDirty() ? ', uncommitted' : ''}: ${[...listed, ...unlisted].join(' ')}`];
}
