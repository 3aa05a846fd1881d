import type { SecretStorage } from 'vscode';

/** Each origin has its own secret: an address that changes finds none. */
const PREFIX = 'engram.cloud.token:';

/** Tokens of cloud servers, in VS Code's secret storage and nowhere else, each under the origin it was entered for. */
export class CloudTokens {
  readonly #secrets: Pick<SecretStorage, 'get' | 'store' | 'delete'>;

  constructor(secrets: Pick<SecretStorage, 'get' | 'store' | 'delete'>) {
    this.#secrets = secrets;
  }

  /** @returns `undefined` where nobody has connected to this origin; `''` where a person said that the server wants no token. */
  async get(origin: string): Promise<string | undefined> {
    const kept = await this.#secrets.get(PREFIX + origin);
    if (kept === undefined) return undefined;
    try {
      const { token } = JSON.parse(kept) as { readonly token?: unknown };
      return typeof token === 'string' ? token : undefined;
    } catch {
      return undefined;
    }
  }

  /** As JSON, because some stores take an empty secret for none. */
  async keep(origin: string, token: string): Promise<void> {
    await this.#secrets.store(PREFIX + origin, JSON.stringify({ token }));
  }

  async forget(origin: string): Promise<void> {
    await this.#secrets.delete(PREFIX + origin);
  }

  /** The origin of an address; `''` for what is no address. */
  static originOf(server: string): string {
    if (!URL.canParse(server)) return '';
    const { origin } = new URL(server);
    return origin === 'null' ? '' : origin;
  }
}
