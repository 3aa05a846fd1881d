import type { CloudCheck } from '../engine/cloud/cloudState.ts';
import type { CloudAccess } from './cloudAccess.ts';
import { CloudTokens } from './cloudTokens.ts';
import type { Cloud, FolderSession } from './session.ts';

export interface CloudParts {
  readonly access: Pick<CloudAccess, 'tryOut'>;
  readonly tokens: Pick<CloudTokens, 'get' | 'keep' | 'forget'>;
  /** The settings as they are now. */
  readonly settings: () => { readonly server: string; readonly automatic: boolean };
  /** Writes the address into the person's own settings. */
  readonly setServer: (server: string) => Promise<void>;
  /** {@link Cloud.isConnected} has changed. */
  readonly changed: () => void;
}

/** Whether this window's person has connected, and how they do. Looks into the secret storage only where an address is set. */
export class WindowCloud implements Cloud {
  readonly #parts: CloudParts;
  #isConnected = false;

  constructor(parts: CloudParts) {
    this.#parts = parts;
  }

  get server(): string {
    return this.#parts.settings().server;
  }

  get isConnected(): boolean {
    return this.#isConnected && this.server !== '';
  }

  get automatic(): boolean {
    return this.#parts.settings().automatic;
  }

  /** The address, or a secret, may have changed. */
  async refresh(): Promise<void> {
    const origin = CloudTokens.originOf(this.server);
    const token = origin === '' ? undefined : await this.#parts.tokens.get(origin).catch(() => undefined);
    // A later change of the address has its own answer under way.
    if (CloudTokens.originOf(this.server) !== origin || this.#isConnected === (token !== undefined)) return;
    this.#isConnected = token !== undefined;
    this.#parts.changed();
  }

  async connect(server: string, token: string, session: FolderSession): Promise<CloudCheck> {
    const { access, tokens, setServer } = this.#parts;
    const check = await access.tryOut({ server, token }, () => session.requests.cloudCheck(server));
    if (check.outcome === 'token') return check;
    await tokens.keep(CloudTokens.originOf(server), token);
    await setServer(server);
    await this.refresh();
    return check;
  }

  async disconnect(): Promise<void> {
    await this.#parts.tokens.forget(CloudTokens.originOf(this.server));
    await this.refresh();
  }
}
