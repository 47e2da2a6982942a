import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { openDatabase, runTransaction } from '../database/database.js';
import { readSettings } from '../database/settings.js';
import { openStore } from '../open-store.js';
import { appendPlanned } from './append.js';

const SECRET = randomBytes(24).toString('hex');
const postgres = usePostgres();
const mariadb = useMariadb();

/** A log with two writers and a reader. */
interface Log {
  /** Takes a place and keeps it; `commit` ends it. */
  early(): Promise<{ commit(): Promise<void> }>;
  /** Takes the next place and commits at once, if the log lets it. */
  late(): Promise<void>;
  /** Whether `late` waits for `early`. */
  isWaiting(): Promise<boolean>;
  /** Places that are committed, after one. */
  read(after: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Places that a reader, who asks for what is after the last it saw, never sees. */
async function missedBy(log: Log): Promise<readonly number[]> {
  const positions: number[] = [];
  const poll = async () => positions.push(...(await log.read(positions.at(-1) ?? 0)));
  const first = await log.early();
  let isOver = false;
  const second = log.late().finally(() => {
    isOver = true;
  });
  // Not more often: MariaDB shows the same list again to who asks within a tenth of a second.
  await vi.waitFor(async () => expect(isOver || (await log.isWaiting())).toBe(true), {
    timeout: 10_000,
    interval: 250,
  });
  await poll();
  await first.commit();
  await second;
  await poll();
  const all = await log.read(0);
  await log.close();
  expect(all).toHaveLength(2);
  return all.filter((place) => !positions.includes(place));
}

function newGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

const waits = {
  postgres: 'select count(*) as n from pg_locks where not granted',
  mariadb: "select count(*) as n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
};

async function isWaiting(on: keyof typeof waits): Promise<boolean> {
  const [row] = await (on === 'postgres' ? postgres() : mariadb()).query(waits[on]);
  return Number(row?.['n']) > 0;
}

async function ours(on: keyof typeof waits): Promise<Log> {
  const url = await (on === 'postgres' ? postgres() : mariadb()).newDatabase();
  const options = { database: url, secret: SECRET, timeoutMs: 20_000 };
  const store = openStore(options);
  await store.migrate();
  const database = openDatabase(readSettings(options), () => Promise.resolve());
  const change: ControlChange = { kind: 'calibration', change: 'c', error: 0 };
  return {
    async early() {
      const [blocked, free] = [newGate(), newGate()];
      const sql: typeof database.sql = {
        ...database.sql,
        async appendAndCommit(...args) {
          blocked.open();
          await free.opened;
          return database.sql.appendAndCommit(...args);
        },
      };
      const draft = { kind: 'calibration', subject: '', what: { change, before: null }, actor: 'a', reason: 'r' };
      const steps = appendPlanned(
        { sql, chains: database.chains },
        { read: () => Promise.resolve(), plan: () => ({ entries: [draft], writes: [] }) },
      );
      const ended = database.session((session) => runTransaction(sql, session, 'another key', steps));
      await Promise.race([blocked.opened, ended]);
      return {
        async commit() {
          free.open();
          await ended;
        },
      };
    },
    async late() {
      await store.apply({ ...change, change: 'd' }, { actor: 'a', reason: 'r' });
    },
    isWaiting: () => isWaiting(on),
    read: async (after) => (await store.readLog(after, 100)).entries.map(({ position }) => position),
    async close() {
      await Promise.all([store.close(), database.close()]);
    },
  };
}

/** What one would build first: the database counts. */
async function naive(on: keyof typeof waits): Promise<Log> {
  const url = await (on === 'postgres' ? postgres() : mariadb()).newDatabase();
  const connect = on === 'postgres' ? connectPostgres : connectMariadb;
  const [one, other, reader] = await Promise.all([connect(url), connect(url), connect(url)]);
  const place = on === 'postgres' ? 'bigserial' : 'bigint auto_increment';
  await reader.rows(`create table naive (place ${place} primary key, value int)`);
  return {
    async early() {
      await one.rows('begin');
      await one.rows('insert into naive (value) values (1)');
      return { commit: async () => void (await one.rows('commit')) };
    },
    late: async () => void (await other.rows('insert into naive (value) values (2)')),
    isWaiting: () => isWaiting(on),
    read: async (after) =>
      (await reader.rows(`select place from naive where place > ${after} order by place`)).map(({ place: at }) =>
        Number(at),
      ),
    async close() {
      await Promise.all([one.end(), other.end(), reader.end()]);
    },
  };
}

interface Plain {
  rows(sql: string): Promise<readonly { readonly place?: unknown }[]>;
  end(): Promise<void>;
}

async function connectPostgres(url: string): Promise<Plain> {
  const client = new pg.Client(url);
  await client.connect();
  return { rows: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
}

async function connectMariadb(url: string): Promise<Plain> {
  const connection = await createConnection(url);
  return { rows: async (sql) => (await connection.query(sql))[0] as never, end: () => connection.end() };
}

describe.each(['postgres', 'mariadb'] as const)('who takes a place early and commits late, on %s', (on) => {
  test('no reader of the log skips an entry', async () => {
    expect(await missedBy(await ours(on))).toEqual([]);
  });

  test('readers of a sequence skip entries, which the test above would detect', async () => {
    expect(await missedBy(await naive(on))).toEqual([1]);
  });

  test('concurrent writers leave no gap, and a polling reader misses no entry', async () => {
    const url = await (on === 'postgres' ? postgres() : mariadb()).newDatabase();
    const stores = Array.from({ length: 3 }, () => openStore({ database: url, secret: SECRET, timeoutMs: 20_000 }));
    const [store] = stores;
    if (store === undefined) throw new Error('no store');
    await store.migrate();
    const positions: number[] = [];
    const end = { isReached: false };
    const reading = (async () => {
      while (!end.isReached || (await store.readLog(positions.at(-1) ?? 0, 1)).entries.length > 0) {
        positions.push(...(await store.readLog(positions.at(-1) ?? 0, 7)).entries.map(({ position }) => position));
      }
    })();
    const writing = stores.flatMap((writer, index) =>
      Array.from({ length: 40 }, (_, turn) => {
        const change: ControlChange = { kind: 'calibration', change: `c${index}-${turn % 5}`, error: 0 };
        return writer.apply(change, { actor: 'a', reason: 'r', expected: 'any' });
      }),
    );
    await Promise.all(writing);
    end.isReached = true;
    await reading;
    expect(positions).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect((await store.verify()).findings).toEqual([]);
    await Promise.all(stores.map((each) => each.close()));
  });
});
