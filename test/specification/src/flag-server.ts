import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A stand-in for an Unleash server, whose form and database can't hold every state that a row describes. */
export class FlagServer {
  readonly #states = new Map<string, string>();
  readonly #server: Server = createServer((request, response) => {
    const [, state = '', ...path] = (request.url ?? '').split('/');
    response.setHeader('content-type', 'application/json');
    response.end(path.join('/').startsWith('api/client/features') ? this.#states.get(state) : '{}');
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Serves a state under an address of its own, which is returned. */
  serve(state: object): string {
    const name = `state-${this.#states.size}`;
    this.#set(name, state);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}/api`;
  }

  /** Serves another state under an address that {@link serve} returned. */
  replace(address: string, state: object): void {
    this.#set(new URL(address).pathname.split('/')[1] ?? '', state);
  }

  #set(name: string, state: object): void {
    this.#states.set(name, JSON.stringify({ version: 2, ...state }));
  }
}
