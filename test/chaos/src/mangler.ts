import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, Socket } from 'node:net';
import type { TcpAddress } from '@rampart/services';
import { Frames } from './frames.js';

/** A proxy before Redis that loses, doubles and reorders what others published, and nothing else. */
export interface Mangler {
  readonly port: number;
  readonly counts: { lost: number; doubled: number; late: number };
  close(): Promise<void>;
}

/** How long a message that is late is held back, so that later ones overtake it; in ms. */
const LATE = 400;
/** A process notices that its own messages don't come back; these go through, so that nothing is noticed. */
const ECHO = 'echo:';

/** Starts it on a free port. */
export async function startMangler(target: TcpAddress): Promise<Mangler> {
  const counts = { lost: 0, doubled: 0, late: 0 };
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    const upstream = new Socket().connect(target);
    const frames = new Frames();
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket
        .setNoDelay(true)
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      for (const { bytes, message } of frames.add(chunk)) {
        if (message === undefined || message.includes(ECHO)) client.write(bytes);
        else mangle(client, bytes, (turn += 1), counts);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of four messages one is lost, one comes twice, one late, one as it should. */
function mangle(client: Socket, bytes: Buffer, turn: number, counts: Mangler['counts']): void {
  if (turn % 4 === 0) {
    counts.lost += 1;
  } else if (turn % 4 === 1) {
    counts.doubled += 1;
    client.write(Buffer.concat([bytes, bytes]));
  } else if (turn % 4 === 2) {
    counts.late += 1;
    setTimeout(() => client.writable && client.write(bytes), LATE);
  } else {
    client.write(bytes);
  }
}
