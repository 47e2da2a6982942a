import { existsSync } from 'node:fs';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { type PostgresReplica, startPostgres, startReplica, startTcpProxy } from './index.js';
import { processTree, stateOf } from './process-tree.mjs';
import { usePostgres } from './vitest.js';

const open: pg.Client[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.end().catch(() => {})));
});

describe('one PostgreSQL', () => {
  const postgres = usePostgres();

  test('lets its user in with the password, over TCP on this machine only, as an ordinary user', async () => {
    expect(postgres().url).toMatch(/^postgres:\/\/rampart:[0-9a-f]{32}@127\.0\.0\.1:\d+\/rampart$/);
    expect(await ask(postgres().url, 'SELECT usesuper FROM pg_user WHERE usename = current_user')).toEqual([
      { usesuper: false },
    ]);
    await expect(ask(postgres().url.replace(/:[0-9a-f]{32}@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
    expect(await postgres().query('SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  });

  test('commits reach the disk', async () => {
    const names = ['fsync', 'synchronous_commit', 'full_page_writes'];
    const rows = await postgres().query('SELECT setting FROM pg_settings WHERE name = ANY($1)', [names]);
    expect(rows).toEqual([{ setting: 'on' }, { setting: 'on' }, { setting: 'on' }]);
  });

  test('makes databases that its user owns', async () => {
    const [one, two] = [await postgres().newDatabase(), await postgres().newDatabase()];
    await ask(one, 'CREATE TABLE thing (id int)');
    expect(await ask(one, 'SELECT * FROM thing')).toEqual([]);
    await expect(ask(two, 'SELECT * FROM thing')).rejects.toThrow(/does not exist/);
  });

  test('frozen, nobody answers, backends neither; thawed, the same connection goes on', async () => {
    const client = await connect(postgres().url);
    const pid = postgres().pid as number;
    await postgres().freeze();
    const states = processTree(pid).map(stateOf);
    expect(states.length).toBeGreaterThan(3);
    expect(new Set(states)).toEqual(new Set(['stopped']));
    await expect(client.query({ text: 'SELECT 1', query_timeout: 300 } as pg.QueryConfig)).rejects.toThrow(/timeout/);
    await expect(connect(postgres().url, 300)).rejects.toThrow(/timeout/);

    await postgres().thaw();
    expect((await client.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
  });

  test.each(['running', 'frozen'])(
    'killed while %s, what it acknowledged is there when it is started again',
    async (how) => {
      const url = await postgres().newDatabase();
      await ask(url, 'CREATE TABLE thing AS SELECT 7 AS id');
      const client = await connect(url);
      const members = processTree(postgres().pid as number);
      if (how === 'frozen') await postgres().freeze();
      await postgres().kill();
      expect(postgres().pid).toBeUndefined();
      expect(new Set(members.map(stateOf))).toEqual(new Set(['gone']));
      await expect(client.query('SELECT 1')).rejects.toThrow(/terminated|connection error/);
      await expect(connect(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

      await Promise.all([postgres().start(), postgres().start()]);
      expect(await ask(url, 'SELECT id FROM thing')).toEqual([{ id: 7 }]);
    },
  );
});

test('its connections can be used up; the superuser still gets in, and stop leaves nothing', async () => {
  const postgres = await startPostgres({ maxConnections: 2, settings: { work_mem: '7MB' } });
  const members = processTree(postgres.pid as number);
  expect(await postgres.query('SHOW work_mem')).toEqual([{ work_mem: '7MB' }]);
  await connect(postgres.url);
  await connect(postgres.url);
  await expect(connect(postgres.url)).rejects.toMatchObject({ code: '53300' });
  expect(await postgres.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);

  await Promise.all([postgres.stop(), postgres.stop()]);
  expect(existsSync(postgres.folder)).toBe(false);
  expect(new Set(members.map(stateOf))).toEqual(new Set(['gone']));
  await expect(postgres.start()).rejects.toThrow('was stopped');
});

test('a setting that PostgreSQL refuses is named, in its own words', async () => {
  await expect(startPostgres({ settings: { work_mem: 'plenty' } })).rejects.toThrow(
    /invalid value .* "work_mem": "plenty"/,
  );
});

describe('a replica', () => {
  const primary = usePostgres();
  let replica: PostgresReplica | undefined;
  afterEach(() => replica?.stop());

  test('follows through a proxy, refuses writes, falls behind, catches up, and takes over', async () => {
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: primary().port } });
    replica = await startReplica(primary(), { through: { host: '127.0.0.1', port: proxy.port } });
    const { url } = replica;
    await ask(primary().url, 'CREATE TABLE thing AS SELECT 1 AS id');
    const ids = async () => (await ask(url, 'SELECT id FROM thing').catch(() => [])).map((row) => row['id']);
    await expect.poll(ids).toEqual([1]);
    await expect(ask(url, 'INSERT INTO thing VALUES (9)')).rejects.toThrow(/read-only/);

    proxy.halfOpen();
    await ask(primary().url, 'INSERT INTO thing VALUES (2)');
    expect(await ids()).toEqual([1]);
    await proxy.heal();
    await expect.poll(ids).toEqual([1, 2]);

    await primary().kill();
    expect(await ids()).toEqual([1, 2]);
    await replica.promote();
    await ask(url, 'INSERT INTO thing VALUES (3)');
    expect(await ids()).toEqual([1, 2, 3]);
    await proxy.close();
  });
});

async function connect(url: string, connectionTimeoutMillis = 10_000): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis });
  client.on('error', () => {});
  await client.connect();
  open.push(client);
  return client;
}

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = await connect(url);
  return (await client.query<Record<string, unknown>>(sql)).rows;
}
