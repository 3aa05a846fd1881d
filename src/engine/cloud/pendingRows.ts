import { mutationVersion, versionKey } from '../chunkVersions.ts';
import { EngramError } from '../errors.ts';
import { goTrim } from '../goText.ts';
import type { MemoryStore } from '../ports.ts';
import type { Int, SyncMutation } from '../records.ts';
import type { Version } from '../versions.ts';
import type { CloudStore } from './cloudPorts.ts';
import { resolveMutationProject } from './pendingFilter.ts';

const PAGE = 5000;

/** What the journal says of one identity and nobody has delivered yet; oldest first, never empty. */
export interface PendingRows {
  /** The newest row's. */
  readonly version: Version;
  readonly newest: SyncMutation;
  readonly seqs: readonly Int[];
}

/** The journal's rows of one project that are not acknowledged, by {@link versionKey}. */
export interface PendingJournal {
  readonly rows: ReadonlyMap<string, PendingRows>;
  /** Rows that name no memory, or hold what cannot be read: they stay where they are until they are repaired. */
  readonly unusable: readonly SyncMutation[];
}

/** Reads the journal of one project. @param project normalised */
export function readPending(cloud: CloudStore, store: MemoryStore, project: string): PendingJournal {
  const rows = new Map<string, PendingRows>();
  const unusable: SyncMutation[] = [];
  const sessionProjects = new Map([...store.sessions()].map((session) => [goTrim(session.id), session.project]));
  for (const mutation of pendingMutations(cloud)) {
    if (resolveMutationProject(mutation, sessionProjects) !== project) continue;
    const version = versionOf(mutation);
    if (!version) {
      unusable.push(mutation);
      continue;
    }
    const key = versionKey(version.entity, version.key);
    rows.set(key, { version, newest: mutation, seqs: [...(rows.get(key)?.seqs ?? []), mutation.seq] });
  }
  return { rows, unusable };
}

/** All of them, in pages. */
export function* pendingMutations(cloud: CloudStore): Generator<SyncMutation> {
  for (let after: Int = 0; ; ) {
    const page = cloud.pendingMutations(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = last.seq;
  }
}

/** The version that a row of the journal brings; `undefined` for one that cannot be used. */
export function versionOf(mutation: SyncMutation): Version | undefined {
  try {
    return mutationVersion(mutation);
  } catch (error) {
    if (EngramError.is(error)) return undefined;
    throw error;
  }
}
