import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the stand-in answers the next requests for flags. */
export type Behaviour = 'ok' | 'ok_without_etag' | 'silent' | number;

/**
 * A stand-in for Unleash's client API that can be broken at will (statuses, silence, refused connections); what a healthy
 * server does is tested against real ones.
 */
export class BreakableUnleash {
  behaviour: Behaviour = 'ok';
  flags: object[] = [];
  requests = 0;
  metrics: unknown[] = [];
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api`;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        this.#answer(request.url ?? '', request.headers['if-none-match'], Buffer.concat(chunks), response),
      );
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Connections are refused until `start`, on the same port. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #answer(url: string, etag: string | undefined, body: Buffer, response: ServerResponse): void {
    if (!url.includes('/client/features')) {
      if (url.includes('/client/metrics')) this.metrics.push(JSON.parse(body.toString()));
      response.writeHead(202).end('{}');
      return;
    }
    this.requests += 1;
    if (this.behaviour === 'silent') return;
    if (typeof this.behaviour === 'number') {
      response.writeHead(this.behaviour).end('{}');
      return;
    }
    const text = JSON.stringify({ version: 2, features: this.flags });
    const tag = `"${Buffer.from(text).toString('base64').slice(-40)}${text.length}"`;
    if (this.behaviour === 'ok' && etag === tag) {
      response.writeHead(304).end();
      return;
    }
    response
      .writeHead(200, { 'content-type': 'application/json', ...(this.behaviour === 'ok' ? { etag: tag } : {}) })
      .end(text);
  }
}
