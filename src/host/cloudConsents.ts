import { CloudTokens } from './cloudTokens.ts';
import type { SessionSnapshot } from './session.ts';
import type { Storage } from './storage.ts';

/** What a person lets take part: one project, on one server, from one kind of memories. */
interface Consent {
  /** Origin. */
  readonly server: string;
  readonly project: string;
  readonly database: 'live' | 'workspace';
}

/**
 * What a person has let take part in the cloud by an act of their own, for each `.engram` folder. In the extension's own storage: a database
 * that came in an archive may say that its project is enrolled, and must not make a window send it. What was stored is looked at, not trusted.
 */
export class CloudConsents {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @param root path of `.engram` @param snapshot what would be synced */
  has(root: string, snapshot: SessionSnapshot): boolean {
    const wanted = consentIn(snapshot);
    const kept = this.#storage.get(keyOf(root));
    if (!wanted || typeof kept !== 'object' || kept === null) return false;
    const read = kept as { readonly [Name in keyof Consent]?: unknown };
    return read.server === wanted.server && read.project === wanted.project && read.database === wanted.database;
  }

  /** For what the snapshot shows; for nothing where the project takes no part. */
  async give(root: string, snapshot: SessionSnapshot): Promise<void> {
    const consent = consentIn(snapshot);
    if (consent) await this.#storage.update(keyOf(root), consent);
  }

  async withdraw(root: string): Promise<void> {
    await this.#storage.update(keyOf(root), undefined);
  }
}

function consentIn({ cloud, state }: SessionSnapshot): Consent | undefined {
  const server = CloudTokens.originOf(cloud?.server ?? '');
  if (!cloud?.enrolled || server === '') return undefined;
  return { server, project: cloud.project, database: state?.live ? 'live' : 'workspace' };
}

function keyOf(root: string): string {
  return `engram.cloudConsent:${root}`;
}
