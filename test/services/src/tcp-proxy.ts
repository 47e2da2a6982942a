import { once } from 'node:events';
import { createServer, type Server as NetServer, Socket } from 'node:net';
import { freePort } from './free-port.js';
import { type Lane, openLane } from './tcp-lane.js';

/** Where a connection leads. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** `up`: from clients to the server; `down`: from the server to clients. */
export type TcpDirection = 'up' | 'down';

/** A TCP proxy in this process, on 127.0.0.1, that can fail in the ways a network does. It starts healthy. */
export interface TcpProxy {
  readonly port: number;
  /** Connections of clients that are open now. */
  readonly connections: number;
  /** Forwards everything this much later in each direction, what is under way excepted. @param milliseconds 0 or more */
  delay(milliseconds: number): void;
  /** Cuts all connections with a reset; new ones are refused. */
  drop(): Promise<void>;
  /** As a cable that is pulled: connections stay open and new ones are accepted, but nothing gets through, no end either. */
  halfOpen(): void;
  /** Nothing gets through in one direction. */
  pause(direction: TcpDirection): void;
  /** Ends all faults. What was held back by `halfOpen` or `pause` arrives now. */
  heal(): Promise<void>;
  /** New connections lead elsewhere; open ones stay. */
  redirect(target: TcpAddress): void;
  /** Cuts all connections and gives the port back. Can be called again. */
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly lanes: Readonly<Record<TcpDirection, Lane>>;
}

/** Starts a proxy on a free port. */
export async function startTcpProxy(options: { readonly target: TcpAddress }): Promise<TcpProxy> {
  let { target } = options;
  const pairs = new Set<Pair>();
  const paused = new Set<TcpDirection>();
  const connected = new WeakSet<Socket>();
  let delayed = 0;

  const apply = (pair: Pair): void => {
    const { upstream, lanes } = pair;
    if (paused.size < 2 && !connected.has(upstream)) connected.add(upstream.connect(target));
    for (const direction of directions) {
      lanes[direction].delay(delayed);
      if (paused.has(direction)) lanes[direction].pause();
      else lanes[direction].resume();
    }
    spreadFailure(pair, paused);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const pair = pairUp(client, (failed) => spreadFailure(failed, paused));
    pairs.add(pair);
    for (const socket of [client, pair.upstream]) {
      socket.once('close', () => client.destroyed && pair.upstream.destroyed && pairs.delete(pair));
    }
    apply(pair);
  });
  const cut = (): void => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  const port = await listenSomewhere(server);
  return {
    port,
    get connections() {
      return [...pairs].filter(({ client }) => !client.destroyed).length;
    },
    delay(milliseconds) {
      delayed = milliseconds;
      for (const { lanes } of pairs) for (const direction of directions) lanes[direction].delay(milliseconds);
    },
    async drop() {
      cut();
      await closed(server);
    },
    halfOpen() {
      for (const direction of directions) paused.add(direction);
      pairs.forEach(apply);
    },
    pause(direction) {
      paused.add(direction);
      pairs.forEach(apply);
    },
    async heal() {
      paused.clear();
      delayed = 0;
      if (!server.listening) await listen(server, port);
      pairs.forEach(apply);
    },
    redirect(address) {
      target = address;
    },
    async close() {
      cut();
      await closed(server);
    },
  };
}

const directions: readonly TcpDirection[] = ['up', 'down'];

function pairUp(client: Socket, failed: (pair: Pair) => void): Pair {
  const upstream = new Socket({ allowHalfOpen: true }).setNoDelay(true);
  const pair = { client, upstream, lanes: { up: openLane(client, upstream), down: openLane(upstream, client) } };
  for (const socket of [client, upstream]) socket.on('error', () => {}).once('close', (bad) => bad && failed(pair));
  return pair;
}

/** A side that broke takes the other with it, unless the news can't get through: then when it can. */
function spreadFailure({ client, upstream }: Pair, paused: ReadonlySet<TcpDirection>): void {
  if (upstream.errored && !paused.has('down')) client.resetAndDestroy();
  if (client.errored && !paused.has('up')) upstream.resetAndDestroy();
}

async function listenSomewhere(server: NetServer): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      await listen(server, port);
      return port;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

async function listen(server: NetServer, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function closed(server: NetServer): Promise<void> {
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
