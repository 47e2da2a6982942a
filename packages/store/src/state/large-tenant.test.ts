import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { isLimitError } from '../api/limit-error.js';
import { openStore } from '../open-store.js';
import { MAX_CHOICES_PER_TENANT } from './limits.js';

const SECRET = 'large tenants secret, 32 characters';
const postgres = usePostgres();
const mariadb = useMariadb();

type Run = (sql: string) => Promise<unknown>;
const numbers: Readonly<Record<string, (count: number) => string>> = {
  postgres: (count) => `select 'user' || n as name, n from generate_series(1, ${count}) as numbers(n)`,
  mariadb: (count) => `select concat('user', seq) as name, seq as n from seq_1_to_${count}`,
};

/** Choices of user1, user2 ...: every tenth was taken back. */
const insertChoices = (engine: string, tenant: string, count: number): string =>
  `insert into rampart_user_choice (tenant_id, user_id, feature_class, choice, entry)
    select '${tenant}', name, 'agent', case when mod(n, 10) = 0 then null else 'opt_out' end, 'e' from (${numbers[engine]?.(count)}) u`;

async function onPostgres(url: string): Promise<{ readonly run: Run; readonly end: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { run: (sql) => client.query(sql), end: () => client.end() };
}

async function onMariadb(url: string): Promise<{ readonly run: Run; readonly end: () => Promise<void> }> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(url.replace(/^mariadb:/, 'mysql:'));
  return { run: (sql) => connection.query(sql), end: () => connection.end() };
}

describe.each([
  { name: 'PostgreSQL', engine: 'postgres', place: () => postgres().newDatabase(), open: onPostgres },
  { name: 'MariaDB', engine: 'mariadb', place: () => mariadb().newDatabase(), open: onMariadb },
])('a large tenant on $name', ({ engine, place, open }) => {
  test('is read with every kind of id, classes of one user on several pages, and an invalid choice', async () => {
    const url = await place();
    const store = openStore({ database: url, secret: SECRET, timeoutMs: 20_000 });
    await store.migrate();
    const { run, end } = await open(url);
    const insert = (rows: string): Promise<unknown> =>
      run(`insert into rampart_user_choice (tenant_id, user_id, feature_class, choice, entry) ${rows}`);
    try {
      await insert(`select '7', 'one', concat('class-', n), 'opt_out', 'e' from (${numbers[engine]?.(12_003)}) u`);
      // The largest page that there can be, in bytes.
      await insert(
        `select '8', concat('${'\u{1f642}'.repeat(240)}', n), 'agent', 'opt_in', 'e' from (${numbers[engine]?.(6_000)}) u`,
      );
      const backslash = engine === 'postgres' ? '\\' : '\\\\';
      const ids = ['"', backslash, '["a"]', 'é', 'e\u0301', ' a', 'A', 'a', '\u{1f642}', 'ÿ', 'zz', 'Zz'];
      await insert(`values ${ids.map((user) => `('9', '${user}', 'agent', 'opt_out', 'e')`).join(', ')},
        ('9', 'odd', 'agent', 'OPT-OUT', 'e'), ('9', 'empty', 'agent', '', 'e')`);
      const [one, wide, various] = await Promise.all(['7', '8', '9'].map((tenant) => store.readTenant(tenant)));
      expect(one?.tenant.users.get('one')?.size).toBe(12_003);
      expect(wide?.tenant.users.size).toBe(6_000);
      const optOut = ids.map((user) => [user === backslash ? '\\' : user, new Map([['agent', 'opt_out']])] as const);
      const unknown = ['odd', 'empty'].map((user) => [user, new Map([['agent', 'unknown']])] as const);
      expect(various?.tenant.users).toEqual(new Map([...optOut, ...unknown]));
    } finally {
      await end();
      await store.close();
    }
  });

  test('is read completely, and accepts no choices above the limit', async () => {
    const url = await place();
    const store = openStore({ database: url, secret: SECRET, timeoutMs: 20_000 });
    await store.migrate();
    const { run, end } = await open(url);
    try {
      await run(insertChoices(engine, '7', 12_003));
      const { tenant } = await store.readTenant('7');
      expect([tenant.users.size, tenant.users.has('user12003'), tenant.users.has('user10')]).toEqual([
        10_803,
        true,
        false,
      ]);

      await run(`update rampart_user_choice set choice = 'opt_out'`);
      await run(insertChoices(engine, '8', 12_003).replaceAll("'user'", "'other'"));
      await run(`update rampart_user_choice set tenant_id = '7', choice = 'opt_out' where tenant_id = '8'`);
      const most = insertChoices(engine, '7', MAX_CHOICES_PER_TENANT - 24_006).replaceAll("'user'", "'third'");
      await run(most);
      await run(`update rampart_user_choice set choice = 'opt_out' where choice is null`);

      const write = { actor: 'ann', reason: 'a test', expected: 'any' };
      const choose = (user: string, choice?: 'opt_in' | 'opt_out') =>
        store.apply({ kind: 'choice', tenant: '7', user, featureClass: 'agent', choice }, write);
      const error: unknown = await choose('one-more', 'opt_out').catch((reason: unknown) => reason);
      expect(isLimitError(error)).toBe(true);
      expect(error).toMatchObject({ limit: MAX_CHOICES_PER_TENANT, message: expect.stringContaining('user choices') });
      expect(await store.items({ kind: 'choice', tenant: '7', user: 'one-more' })).toEqual([]);
      // What is there already changes, and makes room.
      await choose('user1', 'opt_in');
      await choose('user2');
      await choose('one-more', 'opt_out');
      await expect(choose('two-more', 'opt_out')).rejects.toThrow('the limit');
      // Other tenants are below their limit.
      await store.apply({ kind: 'choice', tenant: '9', user: 'u', featureClass: 'agent', choice: 'opt_out' }, write);
    } finally {
      await end();
      await store.close();
    }
  });
});

describe('a large tenant in the embedded database', () => {
  let folder: string | undefined;
  afterAll(async () => folder !== undefined && rm(folder, { recursive: true, force: true }));

  test('is read page by page without blocking the process', async () => {
    folder = await mkdtemp(join(tmpdir(), 'rampart-large-'));
    await prepareEmbedded(folder);
    const open = () => openStore({ database: { folder: folder ?? '' }, secret: SECRET, timeoutMs: 20_000 });
    const first = open();
    await first.migrate();
    await first.close();
    const { PGlite } = await import('@electric-sql/pglite');
    const db = await PGlite.create(`${folder}/data`);
    await db.query(insertChoices('postgres', '7', 12_003));
    await db.close();
    const store = open();
    try {
      await store.head();
      let turns = 0;
      const count = (): void => {
        turns += 1;
        timer = setImmediate(count);
      };
      let timer = setImmediate(count);
      const { tenant } = await store.readTenant('7');
      clearImmediate(timer);
      expect([tenant.users.size, tenant.users.has('user12003'), tenant.users.has('user10')]).toEqual([
        10_803,
        true,
        false,
      ]);
      expect(turns).toBeGreaterThanOrEqual(2);
    } finally {
      await store.close();
    }
  });
});
