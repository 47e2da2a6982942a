import { existsSync } from 'node:fs';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterEach, describe, expect, test } from 'vitest';
import { startMariadb } from './index.js';
import { stateOf } from './process-tree.mjs';
import { useMariadb } from './vitest.js';

const open: Connection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
});

describe('one MariaDB', () => {
  const mariadb = useMariadb();

  test('lets its user in with the password, over TCP on this machine only, as an ordinary user', async () => {
    expect(mariadb().url).toMatch(/^mysql:\/\/rampart:[0-9a-f]{32}@127\.0\.0\.1:\d+\/rampart$/);
    expect(await ask(mariadb().url, 'SELECT VERSION() LIKE "%MariaDB%" AS itself')).toEqual([{ itself: 1 }]);
    await expect(ask(mariadb().url, 'SELECT * FROM mysql.global_priv')).rejects.toThrow(/denied/);
    await expect(ask(mariadb().url.replace(/:[0-9a-f]{32}@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/denied/);
    await expect(ask(mariadb().url.replace(/rampart:[0-9a-f]{32}@/, 'root@'), 'SELECT 1')).rejects.toThrow(/denied/);
    expect(await mariadb().query('SELECT @@bind_address AS at')).toEqual([{ at: '127.0.0.1' }]);
  });

  test('commits reach the disk', async () => {
    expect(await mariadb().query('SELECT @@innodb_flush_log_at_trx_commit AS sync')).toEqual([{ sync: 1 }]);
  });

  test('its temporary tables lie in its own folder, where no neighbour that starts clears them away', async () => {
    expect(await mariadb().query('SELECT @@tmpdir AS at')).toEqual([{ at: mariadb().folder }]);
  });

  test('makes databases that its user owns', async () => {
    const [one, two] = [await mariadb().newDatabase(), await mariadb().newDatabase()];
    await ask(one, 'CREATE TABLE thing (id int)');
    await ask(one, 'CREATE TRIGGER seen BEFORE INSERT ON thing FOR EACH ROW SET @seen = 1');
    expect(await ask(one, 'SELECT * FROM thing')).toEqual([]);
    await expect(ask(two, 'SELECT * FROM thing')).rejects.toThrow(/doesn't exist/);
  });

  test('frozen, nobody answers; thawed, the same connection goes on', async () => {
    const connection = await connect(mariadb().url);
    await mariadb().freeze();
    expect(stateOf(mariadb().pid as number)).toBe('stopped');
    const asked = connection.query('SELECT 2 AS two');
    await expect(connect(mariadb().url, 300)).rejects.toThrow(/ETIMEDOUT/);
    const first = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))]);
    expect(first).toBe('nothing');
    await mariadb().thaw();
    expect((await asked)[0]).toEqual([{ two: 2 }]);
  });

  test.each(['running', 'frozen'])(
    'killed while %s, what it acknowledged is there when it is started again',
    async (how) => {
      const url = await mariadb().newDatabase();
      await ask(url, 'CREATE TABLE thing AS SELECT 7 AS id');
      if (how === 'frozen') await mariadb().freeze();
      await mariadb().kill();
      expect(mariadb().pid).toBeUndefined();
      await expect(connect(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await mariadb().start();
      expect(await ask(url, 'SELECT id FROM thing')).toEqual([{ id: 7 }]);
    },
  );
});

test('its connections can be used up; the superuser still gets in, and stop leaves nothing', async () => {
  const mariadb = await startMariadb({ maxConnections: 10, settings: { 'lock-wait-timeout': '7' } });
  const pid = mariadb.pid as number;
  expect(await mariadb.query('SELECT @@lock_wait_timeout AS seconds')).toEqual([{ seconds: 7 }]);
  for (let at = 0; at < 10; at++) await connect(mariadb.url);
  await expect(connect(mariadb.url)).rejects.toThrow(/Too many connections/);
  expect(await mariadb.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);

  await mariadb.stop();
  expect(existsSync(mariadb.folder)).toBe(false);
  expect(stateOf(pid)).toBe('gone');
});

test('a setting that MariaDB refuses is named, in its own words', async () => {
  await expect(startMariadb({ settings: { 'no-such-setting': '1' } })).rejects.toThrow(/unknown .*no-such-setting/);
});

async function connect(url: string, connectTimeout = 10_000): Promise<Connection> {
  const connection = await createConnection({ uri: url, connectTimeout });
  connection.on('error', () => {});
  open.push(connection);
  return connection;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const [rows] = await (await connect(url)).query(sql);
  return rows;
}
