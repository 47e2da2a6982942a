import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { type RedisOptions, type RedisServer, startRedis } from './index.js';

const servers: RedisServer[] = [];
const clients: Redis[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

test('asks for the password, and for the name and password of its own user', async () => {
  const acl = { username: 'app', password: 'a/b@c', rules: '~app:* +@read +@write +info' };
  const [open, closed, named] = [await start(), await start({ password: 'p:w' }), await start({ password: 'x', acl })];
  expect(open.url).toBe(`redis://127.0.0.1:${open.port}`);
  expect(await connect(open.url).set('key', 1)).toBe('OK');
  expect(await connect(closed.url).set('key', 1)).toBe('OK');
  await expect(connect(closed.url.replace('p%3Aw', 'wrong')).get('key')).rejects.toThrow(/WRONGPASS/);
  await expect(connect(`redis://127.0.0.1:${closed.port}`).get('key')).rejects.toThrow(/NOAUTH/);
  const app = connect(named.url);
  expect(await app.set('app:key', 1)).toBe('OK');
  await expect(app.set('key', 1)).rejects.toThrow(/NOPERM/);
  expect(await named.command('ACL', 'WHOAMI')).toBe('default');
});

test('frozen, a command times out; thawed, the same connection goes on', async () => {
  const server = await start();
  const client = connect(server.url, 300);
  await client.set('key', 'kept');
  await server.freeze();
  await expect(client.get('key')).rejects.toThrow(/timed out/);
  await server.thaw();
  expect(await client.get('key')).toBe('kept');
});

test.each([
  ['none', null],
  ['rdb', 'saved'],
  ['aof', 'later'],
] as const)('killed and started again with persistence %s, it has what that promises', async (persistence, value) => {
  const server = await start({ persistence });
  await server.command('SET', 'key', 'saved');
  if (persistence === 'rdb') await server.command('SAVE');
  await server.command('SET', 'key', 'later');
  await server.kill();
  expect(server.pid).toBeUndefined();
  await expect(server.command('PING')).rejects.toThrow(/ECONNREFUSED/);
  await server.start();
  expect(await server.command('GET', 'key')).toBe(value);

  await server.kill();
  await server.start({ empty: true });
  expect(await server.command('DBSIZE')).toBe(0);
});

test.each(['none', 'rdb', 'aof'] as const)(
  'restored from an older snapshot with persistence %s',
  async (persistence) => {
    const server = await start({ persistence, password: 'p' });
    await server.command('SET', 'key', 'old');
    const snapshot = await server.snapshot();
    await server.command('SET', 'key', 'new');
    await server.restore(snapshot);
    expect(await server.command('GET', 'key')).toBe('old');

    // What the server keeps from then on is again what its persistence promises.
    await server.command('SET', 'key', 'newest');
    await server.kill();
    await server.start();
    expect(await server.command('GET', 'key')).toBe({ none: null, rdb: 'old', aof: 'newest' }[persistence]);
    await server.restore(snapshot);
    expect(await server.command('GET', 'key')).toBe('old');
  },
);

test('a setting that Redis refuses is shown; stop removes the folder', async () => {
  await expect(startRedis({ settings: { hz: 'often' } })).rejects.toThrow(/hz often/);
  const server = await start();
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
});

async function start(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

function connect(url: string, commandTimeout = 5_000): Redis {
  const client = new Redis(url, { commandTimeout, maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  clients.push(client);
  return client;
}
