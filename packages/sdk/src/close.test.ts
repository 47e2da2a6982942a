import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createRampart } from './create-rampart.js';

const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

/** Accepts connections; answers requests whose path ends in one of `answered`, and no others. */
async function silentServer(answered: readonly string[] = []) {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const path = /^(?:GET|POST) (\S+)/.exec(chunk.toString())?.[1];
      if (path === undefined) return;
      asked.push(path);
      if (!answered.some((end) => path.endsWith(end))) return;
      const body = JSON.stringify({ version: 2, features: [] });
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({ server, sockets });
  const { port } = server.address() as { readonly port: number };
  return { port, sockets, asked };
}

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test.each([
  { silent: '/client/features', answered: ['/client/register', '/client/metrics'] },
  { silent: '/client/register', answered: ['/client/features', '/client/metrics'] },
  { silent: '/client/metrics', answered: ['/client/features', '/client/register'] },
])('close ends an unanswered $silent request within 5 s', async ({ silent, answered }) => {
  const { port, sockets, asked } = await silentServer(answered);
  const rampart = createRampart({ unleash: { url: `http://127.0.0.1:${port}/api`, appName: 'close-test' } });
  rampart.provider.initialize().catch(() => undefined);
  if (silent !== '/client/metrics') await vi.waitUntil(() => asked.some((path) => path.endsWith(silent)), 10_000);
  else {
    await vi.waitUntil(() => rampart.flags.origin() === 'server', 10_000);
    rampart.flags.count('plain', true, undefined);
  }
  const start = performance.now();
  await rampart.close();
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(asked.some((path) => path.endsWith(silent))).toBe(true);
  // No connection that would keep the process: an idle one of the shared agent doesn't.
  await vi.waitUntil(() => [...sockets].length <= answered.length - 1 || sockets.size === 0, 5_000);
  const count = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(asked.slice(count)).toEqual([]);
});

test('close ends within 5 s where the database and Redis accept connections and answer nothing', async () => {
  const unleash = await silentServer();
  const database = await silentServer();
  const redis = await silentServer();
  const rampart = createRampart({
    unleash: { url: `http://127.0.0.1:${unleash.port}/api`, appName: 'close-test' },
    control: {
      database: `postgres://u:p@127.0.0.1:${database.port}/d`,
      redis: `redis://127.0.0.1:${redis.port}`,
      secret: 'x'.repeat(32),
      timeoutMs: 20_000,
    },
  });
  rampart.provider.initialize().catch(() => undefined);
  await vi.waitUntil(() => database.sockets.size > 0 && redis.sockets.size > 0, 10_000);
  const start = performance.now();
  await rampart.close();
  expect(performance.now() - start).toBeLessThan(5_000);
});
