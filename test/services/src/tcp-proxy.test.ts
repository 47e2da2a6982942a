import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from './index.js';

let echo: Server;
let atServer: Socket[];
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  atServer = [];
  echo = await listening((socket) => {
    atServer.push(socket);
    socket.pipe(socket);
  });
  proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: portOf(echo) } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  echo.close();
});

test('what is said comes back, in order and whole, for many at once', async () => {
  const text = 'a line of some length\n'.repeat(50_000);
  const all = await Promise.all([1, 2, 3].map(() => open()));
  await expect.poll(() => proxy.connections).toBe(3);
  for (const client of all) client.end(text);
  const answers = await Promise.all(all.map(async (client) => (await client.toArray()).join('')));
  expect(answers.map((answer) => answer === text)).toEqual([true, true, true]);
  await expect.poll(() => proxy.connections).toBe(0);
});

test('a delay holds in each direction, keeps the order, and ends', async () => {
  const client = await open();
  proxy.delay(60);
  const started = performance.now();
  client.write('one');
  client.write('two');
  expect(await hear(client, 6)).toBe('onetwo');
  expect(performance.now() - started).toBeGreaterThanOrEqual(118);

  proxy.delay(0);
  const healed = performance.now();
  client.write('three');
  await hear(client, 5);
  expect(performance.now() - healed).toBeLessThan(60);
});

test('a drop resets both ends and refuses the next, until it is healed', async () => {
  const client = await open();
  await echoed(client, 'before');
  const errors = [client, atServer[0]].map((socket) => once(socket as Socket, 'error'));
  await proxy.drop();
  for (const [error] of await Promise.all(errors)) expect(error).toMatchObject({ code: 'ECONNRESET' });
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });

  await proxy.heal();
  await echoed(await open(), 'after');
});

describe('half open', () => {
  test('old and new connections stay silent, and get through when healed', async () => {
    const old = await open();
    await echoed(old, 'before');
    proxy.halfOpen();
    const fresh = await open();
    old.write('from the old');
    fresh.write('from the new');
    expect(await silence(old, fresh)).toBe(true);
    expect(atServer).toHaveLength(1);

    await proxy.heal();
    expect(await hear(old, 12)).toBe('from the old');
    expect(await hear(fresh, 12)).toBe('from the new');
  });

  test('what a delay still holds does not get through either', async () => {
    const client = await open();
    await echoed(client, 'before');
    proxy.delay(60);
    client.write('under way');
    // Until the proxy has it, which nobody can see.
    await sleep(20);
    proxy.halfOpen();
    expect(await silence(atServer[0] as Socket)).toBe(true);
    await proxy.heal();
    expect(await hear(client, 9)).toBe('under way');
  });

  test('neither side learns that the other is gone', async () => {
    const [client, other] = [await open(), await open()];
    await echoed(client, 'a');
    await echoed(other, 'b');
    proxy.halfOpen();
    client.resetAndDestroy();
    atServer[1]?.resetAndDestroy();
    expect(await silence(other)).toBe(true);
    expect([atServer[0]?.readableEnded, atServer[0]?.destroyed, other.destroyed]).toEqual([false, false, false]);

    const news = once(other, 'error');
    await proxy.heal();
    expect(await news).toMatchObject([{ code: 'ECONNRESET' }]);
    await expect.poll(() => atServer[0]?.destroyed).toBe(true);
  });
});

test.each(['up', 'down'] as const)('paused %s, the other direction works', async (direction) => {
  const client = await open();
  await echoed(client, 'before');
  proxy.pause(direction);
  const [blocked, free] = direction === 'up' ? [client, atServer[0]] : [atServer[0], client];
  const heard = once(direction === 'up' ? client : (atServer[0] as Socket), 'data');
  free?.write('gets through');
  expect(String(await heard)).toBe('gets through');
  const held = once(free as Socket, 'data');
  blocked?.write('waits');
  expect(await Promise.race([held, sleep(100)])).toBeUndefined();
  await proxy.heal();
  expect(String(await held)).toContain('waits');
});

test('a server that is gone is a reset, and another one can take its place', async () => {
  const other = await listening((socket) => socket.end('the other'));
  echo.close();
  await expect(open().then(async (client) => echoed(client, 'anyone?'))).rejects.toMatchObject({ code: 'ECONNRESET' });
  proxy.redirect({ host: '127.0.0.1', port: portOf(other) });
  expect(await hear(await open(), 9)).toBe('the other');
  other.close();
});

async function listening(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => onConnection(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function open(): Promise<Socket> {
  const client = connect(proxy.port, '127.0.0.1');
  clients.push(client);
  await once(client, 'connect');
  return client.setEncoding('utf8').on('error', () => {});
}

async function echoed(client: Socket, text: string): Promise<void> {
  client.write(text);
  expect(await hear(client, text.length)).toBe(text);
}

async function hear(client: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += String(await once(client, 'data'));
  return text;
}

/** Nothing can be awaited that does not happen: whether it happens within a time in which it otherwise would. */
async function silence(...sockets: readonly Socket[]): Promise<boolean> {
  const signs = sockets.flatMap((socket) => ['data', 'end', 'close'].map((name) => once(socket, name).catch(() => [])));
  return (await Promise.race([...signs, sleep(100)])) === undefined;
}
