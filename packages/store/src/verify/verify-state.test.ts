import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import { type Database, openDatabase } from '../database/database.js';
import { readSettings } from '../database/settings.js';
import { openStore } from '../open-store.js';
import { itemName, itemOf } from '../state/item.js';
import type { RecordedItem } from './log-verifier.js';
import { stateFindings } from './verify-state.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'ann', reason: 'a test', expected: 'any' };
const postgres = usePostgres();
const mariadb = useMariadb();

// Of a tenant more than fit on a page, and in another order as texts than as numbers.
const TENANTS = ['9', '10', '100', '2', '18446744073709551614', '18446744073709551615'];
const CHANGES: readonly ControlChange[] = [
  ...TENANTS.flatMap((tenant) =>
    ['agent', 'support_copilot', 'training_data'].map((featureClass): ControlChange => {
      return { kind: 'consent', tenant, featureClass, consent: { state: 'opt_in', version: 3 } };
    }),
  ),
  ...TENANTS.slice(0, 2).flatMap((tenant) =>
    ['ann', 'bob', 'eve'].flatMap((user) =>
      ['*', 'agent', 'x'].map((featureClass): ControlChange => {
        return { kind: 'choice', tenant, user, featureClass, choice: 'opt_out' };
      }),
    ),
  ),
  ...TENANTS.map((tenant): ControlChange => ({ kind: 'preference', tenant, mode: 'shadow' })),
  ...['a', 'b', 'c', 'd', 'e'].map(
    (id): ControlChange => ({ kind: 'kill', kill: { id, scope: { all: true }, reason: 'r' } }),
  ),
  { kind: 'revive', id: 'c' },
];

describe.each([
  { name: 'PostgreSQL', newDatabase: () => postgres().newDatabase() },
  { name: 'MariaDB', newDatabase: () => mariadb().newDatabase() },
])('the state on $name', ({ newDatabase }) => {
  let store: ControlStore;
  let database: Database;
  let recorded: Map<string, RecordedItem>;
  let pages: number[];

  beforeEach(async () => {
    const options = { database: await newDatabase(), secret: SECRET, timeoutMs: 10_000 };
    store = openStore(options);
    database = openDatabase(readSettings(options), () => Promise.resolve());
    await store.migrate();
    [recorded, pages] = [new Map(), []];
  });
  afterEach(() => Promise.all([store.close(), database.close()]));

  async function applyAll(): Promise<void> {
    for (const change of CHANGES) {
      const { id, position } = await store.apply(change, write);
      const { kind, keys, values } = itemOf(change);
      recorded.set(itemName(kind, keys), { values, entry: id, position });
    }
  }

  const run = (sql: string) => database.session((session) => session.execute(sql));

  function check(pageSize: number): Promise<readonly string[]> {
    return database.session(async (original) => {
      const session: typeof original = {
        ...original,
        async rows<R>(text: string, values?: readonly unknown[]) {
          const rows = await original.rows<R>(text, values);
          pages.push(rows.length);
          return rows;
        },
      };
      const findings = await stateFindings({ sql: database.sql, session, recorded, pageSize });
      return findings.map(({ position, message }) => `${position} ${message}`).sort();
    });
  }

  test.each([1, 2, 3, 7, 1_000])('is compared completely in pages of %i rows', async (page) => {
    await applyAll();
    expect(await check(page)).toEqual([]);
    expect(recorded.size).toBe(0);
    expect(Math.max(...pages)).toBe(Math.min(page, 18));
  });

  test('reports unrecorded, missing and different rows on every page', async () => {
    await applyAll();
    const now = database.sql.family === 'mysql' ? 'utc_timestamp()' : 'now()';
    await run(`insert into tenant_ai_consents (tenant_id, feature_class, state, set_at) values
      ('10', 'added', 'opt_in', ${now}), ('50', 'added', 'opt_in', ${now})`);
    await run("update tenant_ai_consents set state = 'opt_out' where tenant_id = '100' and feature_class = 'agent'");
    await run("delete from tenant_ai_consents where tenant_id = '18446744073709551615' and feature_class = 'agent'");
    await run("update rampart_user_choice set choice = null where tenant_id = '10' and user_id = 'eve'");
    await run("insert into rampart_kill (id, scope, reason, entry) values ('z', '{}', 'r', 'none')");
    await run("delete from rampart_kill where id = 'e'");
    expect((await check(2)).map((line) => line.slice(0, line.indexOf(']') + 1))).toEqual(
      [
        '0 ["consent","10","added"]',
        '0 ["consent","50","added"]',
        '0 ["kill","z"]',
        '7 ["consent","100","agent"]',
        '16 ["consent","18446744073709551615","agent"]',
        ...['34 ["choice","10","eve","*"]', '35 ["choice","10","eve","agent"]', '36 ["choice","10","eve","x"]'],
        '47 ["kill","e"]',
      ].sort(),
    );
  });

  test('is compared to its end when tombstones fill several pages', async () => {
    const lifted = Array.from({ length: 25_000 }, (_, index) => `('lifted-${index}', 'none')`);
    await run(`insert into rampart_kill (id, entry) values ${lifted.join(', ')}`);
    await run("insert into rampart_kill (id, scope, reason, entry) values ('z', '{}', 'r', 'none')");
    const { findings } = await store.verify();
    expect(findings.map(({ message }) => message)).toEqual(['["kill","z"] is in rampart_kill and in no entry']);
  });
});
