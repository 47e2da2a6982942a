import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What the server does to SUBSCRIBE, SELECT and PING once it has turned hostile. */
export type Hostility =
  | 'late'
  | 'refused'
  | 'no_permission'
  | 'cut'
  | 'junk'
  | 'null'
  | 'loading'
  | 'huge'
  | 'wrong_type'
  | 'push';

export const HOSTILITIES: readonly Hostility[] = [
  ...(['late', 'refused', 'no_permission', 'cut', 'junk', 'null', 'loading', 'huge', 'wrong_type', 'push'] as const),
];

const REPLIES: Readonly<Record<Exclude<Hostility, 'late'>, string>> = {
  refused: '-ERR refused\r\n',
  no_permission: '-NOPERM this user has no permissions to access one of the channels used as arguments\r\n',
  cut: '*3\r\n$9\r\nsubs',
  junk: '\u0001\u0002?!\r\n\r\n',
  null: '$-1\r\n',
  loading: '-LOADING Redis is loading the dataset in memory\r\n',
  huge: '$99999999999\r\nx',
  wrong_type: ':7\r\n',
  push: '>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n',
};

export interface HostileRedis {
  readonly port: number;
  /** With a database other than the first: a client selects it at each reconnect. */
  readonly url: string;
  /** How many subscriptions were answered as Redis answers. */
  subscriptions(): number;
  hostileReplies(): number;
  /** How many connections were accepted so far. */
  connections(): number;
  /** Cuts all connections; what connects again is treated badly. */
  turnHostile(kind: Hostility): void;
  close(): Promise<void>;
}

/** A server that speaks enough of Redis's protocol to be connected to, and then breaks it. */
export async function startHostileRedis(): Promise<HostileRedis> {
  let hostility: Hostility | undefined;
  let [hostileReplies, subscriptions, connections] = [0, 0, 0];
  const sockets = new Set<Socket>();
  const answer = (socket: Socket, [name = '', ...args]: readonly string[]): void => {
    const command = name.toLowerCase();
    if (hostility !== undefined && brokenBy(hostility).includes(command)) {
      hostileReplies += 1;
      if (hostility === 'late') setTimeout(() => socket.writable && socket.write('+OK\r\n'), 400);
      else if (hostility === 'cut') socket.end(REPLIES.cut);
      else socket.write(REPLIES[hostility]);
      return;
    }
    if (command === 'info') socket.write('$9\r\nloading:0\r\n');
    else if (command === 'subscribe') {
      subscriptions += 1;
      for (const channel of args) socket.write(`*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`);
    } else socket.write(command === 'ping' ? '+PONG\r\n' : '+OK\r\n');
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    connections += 1;
    let received = '';
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const command = commandAt(received);
        if (command === undefined) return;
        received = received.slice(command.length);
        answer(socket, command.words);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `redis://127.0.0.1:${port}/1`,
    connections: () => connections,
    subscriptions: () => subscriptions,
    hostileReplies: () => hostileReplies,
    turnHostile(kind): void {
      hostility = kind;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// A greeting that is late is given up as a whole, and nothing is subscribed to.
function brokenBy(hostility: Hostility): readonly string[] {
  return hostility === 'late' ? ['subscribe'] : ['subscribe', 'select', 'ping', 'hmget', 'publish'];
}

function commandAt(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let word = 0; word < Number(head[1]); word += 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (size === null) return undefined;
    at += size[0].length;
    const end = at + Number(size[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(at, end));
    at = end + 2;
  }
  return { words, length: at };
}
