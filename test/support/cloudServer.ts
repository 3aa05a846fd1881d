import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';

/** A request as a server sees it. */
export interface Seen {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A server on this machine that answers what a test says, and keeps what it was asked. */
export class CloudServer {
  readonly seen: Seen[] = [];
  answer: (seen: Seen, response: ServerResponse) => Answer | undefined;
  readonly #server: Server;

  private constructor(answer: CloudServer['answer']) {
    this.answer = answer;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  /** @param answer gives `undefined` where it writes the answer itself, or none */
  static async start(answer: CloudServer['answer'] = () => ({ status: 404 })): Promise<CloudServer> {
    const server = new CloudServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return urlOf(this.#server.address());
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { method = '', url = '', headers } = request;
    const seen = { method, target: url, headers, body: Buffer.concat(parts).toString('utf8') };
    this.seen.push(seen);
    const answer = this.answer(seen, response);
    if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
  }
}

/** A server that writes bytes by hand, so that they may be no HTTP at all. */
export async function startRawServer(talk: (socket: Socket) => void): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => talk(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: urlOf(server.address()),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return `http://127.0.0.1:${address.port}`;
}
