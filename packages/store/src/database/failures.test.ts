import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { startReplica, startTcpProxy } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import { isOutcomeUnknownError, type OutcomeUnknownError } from '../api/store-error.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'ann', reason: 'a test' };
const kill = (id: string): ControlChange => ({ kind: 'kill', kill: { id, scope: { all: true }, reason: 'r' } });

const postgres = usePostgres();
const mariadb = useMariadb();

describe.each([
  { name: 'PostgreSQL', server: postgres },
  { name: 'MariaDB', server: mariadb },
])('when $name fails', ({ server }) => {
  let url: string;
  let store: ControlStore;
  const open = (over: Partial<Parameters<typeof openStore>[0]> = {}) =>
    openStore({ database: url, secret: SECRET, timeoutMs: 1_000, ...over });

  beforeEach(async () => {
    url = await server().newDatabase();
    store = open();
    await store.migrate();
    await store.apply(kill('k1'), write);
  });
  afterEach(() => store.close());

  const head = async () => (await store.readLog(0, 1)).head;

  test('a frozen server lets no call hang, and calls succeed when it continues', async () => {
    await server().freeze();
    try {
      await expect(store.readLog(0, 1)).rejects.toMatchObject({ kind: 'timeout' });
      await expect(store.apply(kill('k2'), write)).rejects.toMatchObject({ kind: 'timeout' });
      const other = open();
      await expect(other.readShared()).rejects.toMatchObject({ kind: 'timeout' });
      await other.close();
    } finally {
      await server().thaw();
    }
    await expect
      .poll(
        () =>
          store.apply(kill('k2'), write).then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    expect((await store.verify()).findings).toEqual([]);
  });

  test('a write over a half-open connection can be repeated and is recorded once', async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
    const far = open({ database: url.replace(`:${port}/`, `:${proxy.port}/`), pool: { max: 2 } });
    try {
      await far.apply(kill('k2'), write);
      proxy.pause('down');
      await expect(far.apply(kill('k3'), { ...write, id: 'once' })).rejects.toMatchObject({ kind: 'timeout' });
      await expect(far.readLog(0, 1)).rejects.toMatchObject({ kind: 'timeout' });
      proxy.halfOpen();
      await expect(far.readLog(0, 1)).rejects.toMatchObject({ kind: 'timeout' });
      await proxy.heal();
      await far.apply(kill('k3'), { ...write, id: 'once' });
      expect(await head()).toBe(3);
      await proxy.drop();
      await expect(far.readLog(0, 1)).rejects.toMatchObject({ kind: 'unreachable' });
      await proxy.heal();
      expect((await far.readLog(0, 1)).head).toBe(3);
    } finally {
      await Promise.all([far.close(), proxy.close()]);
    }
  });

  test('a connection that breaks after COMMIT gives outcome_unknown with the id, and a repeat records one entry', async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
    const far = open({ database: url.replace(`:${port}/`, `:${proxy.port}/`) });
    try {
      await far.readLog(0, 1);
      for (const effect of ['cut', 'silence'] as const) {
        const before = await head();
        proxy.trip({ direction: 'up', matches: (bytes) => bytes.includes('commit'), effect });
        const change = kill(`k-${effect}`);
        const error = await far.apply(change, write).catch((caught: unknown) => caught);
        expect(isOutcomeUnknownError(error)).toBe(true);
        const { kind, id, message } = error as OutcomeUnknownError;
        expect({ kind, message }).toEqual({
          kind: 'outcome_unknown',
          message: expect.stringContaining(`the id "${id}"`),
        });
        // It took effect, whatever the caller could see.
        await expect.poll(head).toBe(before + 1);
        await proxy.heal();
        const applied = await far.apply(change, { ...write, id });
        expect(applied).toMatchObject({ id, position: before + 1 });
        expect(await head()).toBe(before + 1);
      }
      proxy.trip({ direction: 'up', matches: (bytes) => bytes.includes('commit'), effect: 'cut', deliver: false });
      const lost = await far.apply(kill('k-lost'), write).catch((caught: unknown) => caught);
      expect(isOutcomeUnknownError(lost)).toBe(true);
      await proxy.heal();
      expect((await far.entries({ id: (lost as OutcomeUnknownError).id })).entries).toEqual([]);
      const erased = far.erase({ tenant: '7' }, { ...write, id: 'erasure' });
      await expect(erased).resolves.toMatchObject({ id: 'erasure' });
      await expect(far.erase({ tenant: '7' }, { ...write, id: 'erasure' })).resolves.toEqual(await erased);
    } finally {
      await Promise.all([far.close(), proxy.close()]);
    }
  });

  test('a killed server is unreachable until it is restarted', async () => {
    await server().kill();
    await expect(store.readLog(0, 1)).rejects.toMatchObject({ kind: 'unreachable' });
    await server().start();
    expect(await head()).toBe(1);
  });

  test('a read-only server leaves no partial write', async () => {
    const isPostgres = url.startsWith('postgres');
    const name = new URL(url).pathname.slice(1);
    const readOnly = (on: boolean) =>
      isPostgres
        ? server().query(`alter database ${name} set default_transaction_read_only = ${on ? 'on' : 'off'}`)
        : server().query(`set global read_only = ${on ? 1 : 0}`);
    await readOnly(true);
    const other = open({ timeoutMs: 10_000 });
    try {
      await expect(other.readLog(0, 1)).rejects.toMatchObject({ kind: 'replica' });
      await expect(other.apply(kill('k2'), { ...write, task: 1 })).rejects.toMatchObject({
        kind: 'read_only',
        message: expect.stringMatching(/primary/),
      });
    } finally {
      await readOnly(false);
    }
    expect(await head()).toBe(1);
    expect((await store.readShared()).shared.kills).toHaveLength(1);
    expect(await store.outbox.pending()).toEqual([]);
    // The session settings of a connection that was read-only would outlast the read-only time.
    await other.readLog(0, 1);
    await other.apply(kill('k2'), write);
    expect((await store.verify()).findings).toEqual([]);
    await other.close();
  });

  test('a failure inside a transaction leaves no partial write', async () => {
    await breakLog(url);
    await expect(store.apply(kill('broken'), { ...write, id: 'broken', task: 1 })).rejects.toMatchObject({
      kind: 'broken',
    });
    await store.apply(kill('k2'), write);
    expect(await head()).toBe(2);
    expect((await store.readShared()).shared.kills.map(({ id }) => id)).toEqual(['k1', 'k2']);
    expect(await store.outbox.pending()).toEqual([]);
    expect((await store.verify()).findings).toEqual([]);
  });

  /** The last statement of a change fails when its id says so: everything before it was done. */
  async function breakLog(at: string): Promise<void> {
    if (at.startsWith('postgres')) {
      const { default: pg } = await import('pg');
      const client = new pg.Client(at);
      await client.connect();
      await client.query(`create function break_it() returns trigger language plpgsql as $$
        begin if new.id = 'broken' then raise exception 'broken'; end if; return new; end $$;
        create trigger break_it before insert on rampart_log for each row execute function break_it()`);
      return client.end();
    }
    const { createConnection } = await import('mysql2/promise');
    const connection = await createConnection(at);
    await connection.query(`create trigger break_it before insert on rampart_log for each row
      if new.id = 'broken' then signal sqlstate '45000' set message_text = 'broken'; end if`);
    return connection.end();
  }

  test('callers wait for a free connection', async () => {
    const one = open({ pool: { max: 1 }, timeoutMs: 10_000 });
    await Promise.all(Array.from({ length: 12 }, (_, index) => one.apply(kill(`n${index}`), write)));
    expect(await head()).toBe(13);
    await one.close();
  });

  test('a wrong password is refused and not in the message', async () => {
    const wrong = open({ database: url.replace(/:[^:@/]+@/, ':topsecret@') });
    const error = await wrong.readLog(0, 1).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(/check user, password/) });
    expect(String(error)).not.toContain('topsecret');
    await wrong.close();
  });

  test('an address without a server is unreachable', async () => {
    const unreachable = open({ database: url.replace(/:\d+\//, ':1/') });
    await expect(unreachable.readLog(0, 1)).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(unreachable.migrate()).rejects.toMatchObject({ kind: 'unreachable' });
    await unreachable.close();
  });

  test('a database that is not migrated is refused', async () => {
    const empty = open({ database: await server().newDatabase() });
    await expect(empty.readLog(0, 1)).rejects.toMatchObject({
      kind: 'schema_older',
      message: expect.stringMatching(/migrate\(\)/),
    });
    await empty.close();
  });

  test.each(['0999_future', '0999_future_works_with_0998'])(
    'migrated to %s by a newer version: refused, also where it ran before, and usable again by itself',
    async (name) => {
      await execute(`insert into rampart_migration (name, timestamp) values ('${name}', '2999')`);
      const newer = { kind: 'schema_newer', message: expect.stringMatching(name) };
      const other = open();
      await expect(other.apply(kill('k2'), write)).rejects.toMatchObject(newer);
      await expect(other.migrate()).rejects.toMatchObject(newer);
      await expect(head()).rejects.toMatchObject(newer);
      await expect(store.apply(kill('k2'), write)).rejects.toMatchObject(newer);
      await execute(`delete from rampart_migration where name = '${name}'`);
      expect(await head()).toBe(1);
      await other.apply(kill('k2'), write);
      await other.close();
    },
  );

  test('a compatible newer schema works', async () => {
    await execute("insert into rampart_migration (name, timestamp) values ('0999_future_works_with_0003', '2999')");
    const other = open();
    await other.migrate();
    await other.apply(kill('k2'), write);
    await store.apply(kill('k3'), write);
    expect(await head()).toBe(3);
    expect((await other.verify()).findings).toEqual([]);
    await other.close();
  });

  test('an older schema is refused until it is migrated', async () => {
    const newer = open();
    await execute("delete from rampart_migration where name = '0002_events'");
    const older = { kind: 'schema_older', message: expect.stringMatching(/0002_events.*rampart migrate/) };
    await expect(newer.readLog(0, 1)).rejects.toMatchObject(older);
    await expect(newer.apply(kill('k2'), write)).rejects.toMatchObject(older);
    await execute("insert into rampart_migration (name, timestamp) values ('0002_events', '2999')");
    await newer.apply(kill('k2'), write);
    expect(await head()).toBe(2);
    await newer.close();
  });

  async function execute(sql: string): Promise<void> {
    if (url.startsWith('postgres')) {
      const { default: pg } = await import('pg');
      const client = new pg.Client(url);
      await client.connect();
      await client.query(sql);
      return client.end();
    }
    const { createConnection } = await import('mysql2/promise');
    const connection = await createConnection(url);
    await connection.query(sql);
    return connection.end();
  }

  test('calls after closing are refused', async () => {
    await store.close();
    await store.close();
    await expect(store.readLog(0, 1)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/closed/),
    });
  });
});

test('a replica is refused, and its connections are dropped when the address leads to the primary again', async () => {
  const replica = await startReplica(postgres());
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: replica.port } });
  const primary = openStore({ database: postgres().url, secret: SECRET });
  const store = openStore({ database: replica.url.replace(/:\d+\//, `:${proxy.port}/`), secret: SECRET });
  const read = () => store.readLog(0, 1).catch((error: { kind: string }) => error.kind);
  try {
    await primary.migrate();
    await expect.poll(read).toBe('replica');
    await expect(store.readTenant('7')).rejects.toMatchObject({ kind: 'replica' });
    await expect(store.readShared()).rejects.toMatchObject({ kind: 'replica' });
    await expect(store.apply(kill('k'), write)).rejects.toMatchObject({ kind: 'read_only' });
    const several = await Promise.all([read(), read(), read(), read(), store.head().then(() => 'read', String)]);
    expect(several).toEqual(['replica', 'replica', 'replica', 'replica', 'read']);
    proxy.redirect({ host: '127.0.0.1', port: postgres().port });
    // The connections to the replica stay open: it is the store that gives them up, all of them at the first that says so.
    await read();
    expect(await read()).toMatchObject({ head: 0 });
    await store.apply(kill('k'), write);
  } finally {
    await Promise.all([store.close(), primary.close()]);
    await proxy.close();
    await replica.stop();
  }
});

test('a connection to a MariaDB that became read-only is dropped', async () => {
  const url = await mariadb().newDatabase();
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: mariadb().port } });
  const store = openStore({ database: url.replace(/:\d+\//, `:${proxy.port}/`), secret: SECRET });
  try {
    await store.migrate();
    await Promise.all([store.readLog(0, 1), store.readLog(0, 1)]);
    await mariadb().query('set global read_only = 1');
    await expect(store.apply(kill('k'), write)).rejects.toMatchObject({ kind: 'read_only' });
    // New connections are refused: a connection that is kept would still answer.
    proxy.redirect({ host: '127.0.0.1', port: 1 });
    await expect(store.readLog(0, 1)).rejects.toMatchObject({ kind: 'unreachable' });
    proxy.redirect({ host: '127.0.0.1', port: mariadb().port });
    await mariadb().query('set global read_only = 0');
    await store.apply(kill('k'), write);
  } finally {
    await mariadb().query('set global read_only = 0');
    await store.close();
    await proxy.close();
  }
});

test.each([
  ['oracle://a/b', /database = "oracle:": use postgres:/],
  ['nonsense with a password', /database = "string": use postgres:/],
  ['postgres://u:hidden@h', /database = "postgres:\/\/h": use postgres:/],
  [{ folder: '' }, /database.folder = ""/],
])('refuses an invalid address: %j', (database, message) => {
  expect(() => openStore({ database, secret: SECRET })).toThrow(message);
});

test.each([
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: 1.5 }],
  ['pool.max', { pool: { max: Number.NaN } }],
])('refuses an option out of range and names it: %s', (name, options) => {
  expect(() => openStore({ database: 'postgres://h/d', secret: SECRET, ...options })).toThrow(`${name} = `);
});
