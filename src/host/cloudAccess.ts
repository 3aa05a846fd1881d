import type { Http, HttpRequest, HttpResponse } from '../engine/cloud/cloudPorts.ts';
import { EngramError } from '../engine/errors.ts';
import { CloudTokens } from './cloudTokens.ts';

export interface AccessParts {
  /** The address as it is set now, `''`: none. */
  readonly server: () => string;
  readonly tokens: Pick<CloudTokens, 'get'>;
  /** Makes the way to one server; refuses plain HTTP to another machine. */
  readonly http: (server: string, token: () => Promise<string | undefined>) => Http;
}

interface Trial {
  readonly server: string;
  readonly token: string;
}

/**
 * The one door through which anything leaves the editor. It is shut until a person has connected: entered a token, or said that there is
 * none, for the very origin that the settings name now.
 */
export class CloudAccess implements Http {
  readonly #parts: AccessParts;
  #trial: Trial | undefined;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** Runs `work` with an address and a token that are not kept yet, as a person has just typed them. */
  async tryOut<T>(trial: Trial, work: () => Promise<T>): Promise<T> {
    this.#trial = trial;
    try {
      return await work();
    } finally {
      if (this.#trial === trial) this.#trial = undefined;
    }
  }

  /** @throws {EngramError} cloud-config where nothing may be sent; and those of {@link Http} */
  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const origin = CloudTokens.originOf(request.url);
    const trial = this.#trial && CloudTokens.originOf(this.#trial.server) === origin ? this.#trial : undefined;
    const server = trial?.server ?? this.#parts.server();
    if (server === '')
      throw new EngramError('cloud-config', 'No cloud server is set, so nothing was sent. Run “Engram: Connect to Cloud…”.');
    if (origin === '' || CloudTokens.originOf(server) !== origin) {
      throw new EngramError('cloud-config', 'The cloud server’s address has changed meanwhile, so nothing was sent. Sync again.');
    }
    const token = trial?.token ?? (await this.#parts.tokens.get(origin));
    if (token === undefined) {
      throw new EngramError(
        'cloud-config',
        'No token was entered for this cloud server, so nothing was sent. Run “Engram: Connect to Cloud…”.',
      );
    }
    return this.#parts.http(server, async () => token).send(request, signal);
  }
}
