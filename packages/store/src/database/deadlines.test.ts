import { randomBytes, randomUUID } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { startTcpProxy, type TcpProxy, type TcpTrip } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import { isStoreError } from '../api/store-error.js';
import { openStore } from '../open-store.js';
import { migrate } from '../schema/migrate.js';
import { openDatabase } from './database.js';
import { EmbeddedConnection } from './pglite/pool.js';
import { readSettings } from './settings.js';

const SECRET = randomBytes(24).toString('hex');
const TIMEOUT_MS = 250;
/** A place, a connection, its statements up to the silent one: each has a deadline of its own. */
const SETTLED_MS = TIMEOUT_MS * 6;
const RECOVERED_MS = 5_000;

const kill = (id: string): ControlChange => ({ kind: 'kill', kill: { id, scope: { all: true }, reason: 'r' } });
const ANY = /^/;
const when = (direction: 'up' | 'down', text: RegExp, deliver = true): TcpTrip => ({
  direction,
  matches: (bytes) => text.test(bytes.toString('latin1')),
  deliver,
  effect: 'silence',
});

const postgres = usePostgres();
const mariadb = useMariadb();

describe.each([
  {
    name: 'PostgreSQL',
    server: postgres,
    points: {
      'the first byte of the client': when('up', ANY, false),
      'the first answer of the server': when('down', ANY),
      'the session set-up': when('up', /statement_timeout/),
      'the begin of a transaction': when('up', /begin/),
      'the lock on the head': when('up', /for update/),
      'the commit': when('up', /commit/),
      'a reading of the log': when('up', /from rampart_log where position/, false),
    },
    lock: when('up', /pg_advisory|lock table/i, false),
  },
  {
    name: 'MariaDB',
    server: mariadb,
    points: {
      'the first byte of the client': when('up', ANY, false),
      'the greeting of the server': when('down', ANY),
      'the session set-up': when('up', /sql_mode/),
      'the begin of a transaction': when('up', /begin/),
      'the lock on the head': when('up', /from rampart_head where id = 1 for update/),
      'the commit': when('up', /commit/),
      'a reading of the log': when('up', /from rampart_log where position/, false),
    },
    lock: when('up', /get_lock/i, false),
  },
])('when a connection to $name falls silent', ({ server, points, lock }) => {
  let url: string;
  let proxy: TcpProxy;
  let store: ControlStore;

  const proxied = (): string => url.replace(/:\d+\//, `:${proxy.port}/`);
  beforeAll(async () => {
    url = await server().newDatabase();
    const direct = openStore({ database: url, secret: SECRET });
    await direct.migrate();
    await direct.close();
  });
  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
    store = openStore({ database: proxied(), secret: SECRET, timeoutMs: TIMEOUT_MS });
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  test.each(Object.entries(points))('at %s, every call settles and the store recovers', async (_, trip) => {
    const id = randomUUID();
    const settled = async (work: Promise<unknown>): Promise<void> => {
      const started = performance.now();
      const outcome = await work.then(
        () => 'done',
        (error: unknown) => (isStoreError(error) ? error.kind : error),
      );
      expect(['done', 'timeout', 'outcome_unknown']).toContain(outcome);
      expect(performance.now() - started).toBeLessThan(SETTLED_MS);
    };
    proxy.trip(trip);
    await Promise.all([
      settled(store.apply(kill(id), { actor: 'ann', reason: 'r', id })),
      settled(store.readLog(0, 1)),
      settled(store.readShared()),
    ]);
    await proxy.heal();
    const writes = () =>
      store.apply(kill(id), { actor: 'ann', reason: 'r', id }).then(
        () => true,
        () => false,
      );
    await expect.poll(writes, { timeout: RECOVERED_MS }).toBe(true);
    expect((await store.entries({ limit: 1_000 })).entries.filter((entry) => entry.id === id)).toHaveLength(1);
    await store.readLog(0, 1);
  });

  test('a migration that times out at its lock settles, and the next one succeeds', async () => {
    const fresh = (await server().newDatabase()).replace(/:\d+\//, `:${proxy.port}/`);
    const settings = readSettings({ database: fresh, secret: SECRET, timeoutMs: TIMEOUT_MS });
    const database = openDatabase(settings, () => Promise.resolve());
    proxy.trip(lock);
    await expect(migrate(database, TIMEOUT_MS)).rejects.toMatchObject({ kind: 'timeout' });
    await proxy.heal();
    await database.close();
    const next = openStore({ database: fresh, secret: SECRET, timeoutMs: 10_000 });
    await next.migrate();
    await next.close();
  });

  test('recovers within one timeout when all connections fail together', async () => {
    const patient = openStore({ database: proxied(), secret: SECRET, timeoutMs: 1_500, pool: { max: 3 } });
    const read = () => patient.readLog(0, 1);
    await Promise.all(Array.from({ length: 3 }, read));
    proxy.trip(when('up', ANY, false));
    await expect(read()).rejects.toMatchObject({ kind: 'timeout' });
    await proxy.heal();
    await read();
    await patient.close();
  });
});

describe('when a statement of the embedded database gets no answer', () => {
  test('the caller gets a timeout, and the connection is free again once the statement has ended', async () => {
    const ran: string[] = [];
    let answer: (() => void) | undefined;
    const stuck = new Promise<never[]>((resolve) => {
      answer = () => resolve([]);
    });
    const exec = (text: string) => {
      ran.push(text);
      return text === 'commit' ? stuck : Promise.resolve([]);
    };
    const connection = new EmbeddedConnection({
      db: { exec, query: () => Promise.reject(new Error()) },
      lock: { requireOwned: () => {} },
      redactedUrl: 'folder',
      timeoutMs: 10,
    });
    await connection.query('begin', []);
    await expect(connection.query('commit', [])).rejects.toMatchObject({ kind: 'timeout' });
    await expect(connection.query('select 1', [])).rejects.toMatchObject({ kind: 'timeout' });
    const free = connection.settle().then(() => ran.push('free'));
    answer?.();
    await free;
    expect(ran).toEqual(['begin', 'commit', 'rollback', 'free']);
  });
});
