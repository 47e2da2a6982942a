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

/** A fault of single connections, at the moment when certain bytes arrive. */
export interface TcpTrip {
  readonly direction: TcpDirection;
  readonly matches: (bytes: Buffer) => boolean;
  /** Whether the bytes that match are forwarded before the fault. @default true */
  readonly deliver?: boolean;
  /**
   * `silence`: from then on the connection swallows everything, also after `heal`. `cut`: the connection is reset, where the
   * bytes are delivered only once the other side has answered, so that it has acted on them.
   */
  readonly effect: 'silence' | 'cut';
}

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
  /** Breaks each connection, open or new, at the bytes that match, until `heal`. */
  trip(trip: TcpTrip): void;
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
  let tripping: TcpTrip | undefined;

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
    const pair = pairUp(client, {
      failed: (broken) => spreadFailure(broken, paused),
      tripping: () => tripping,
    });
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
    trip(trip) {
      tripping = trip;
    },
    async heal() {
      tripping = undefined;
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

interface PairOptions {
  readonly failed: (pair: Pair) => void;
  readonly tripping: () => TcpTrip | undefined;
}

function pairUp(client: Socket, { failed, tripping }: PairOptions): Pair {
  const upstream = new Socket({ allowHalfOpen: true }).setNoDelay(true);
  let tripped: TcpTrip | undefined;
  const cut = (): void => {
    client.resetAndDestroy();
    upstream.resetAndDestroy();
  };
  const passes = (direction: TcpDirection) => (bytes: Buffer) => {
    if (tripped !== undefined) {
      if (tripped.effect === 'cut' && tripped.direction !== direction) cut();
      return false;
    }
    const trip = tripping();
    if (trip === undefined || trip.direction !== direction || !trip.matches(bytes)) return true;
    tripped = trip;
    const { deliver = true, effect } = trip;
    if (effect === 'cut' && !deliver) cut();
    return deliver;
  };
  const up = openLane(client, upstream, passes('up'));
  const pair = { client, upstream, lanes: { up, down: openLane(upstream, client, passes('down')) } };
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
