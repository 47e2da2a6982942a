import { randomBytes } from 'node:crypto';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import { type Database, openDatabase } from '../database/database.js';
import { readSettings } from '../database/settings.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'dpo', reason: 'asked' };
const postgres = usePostgres();
const mariadb = useMariadb();

// More values than a statement of PostgreSQL takes, 65,535: with three for each user, and with one for each entry.
const USERS = 25_000;
const ENTRIES = 66_000;

describe.each([
  {
    name: 'PostgreSQL',
    newDatabase: () => postgres().newDatabase(),
    numbers: (to: number) => `generate_series(1, ${to}) as n (i)`,
  },
  {
    name: 'MariaDB',
    newDatabase: () => mariadb().newDatabase(),
    numbers: (to: number) => `(select seq as i from seq_1_to_${to}) n`,
  },
])('an erasure on $name', ({ newDatabase, numbers }) => {
  let store: ControlStore;
  let database: Database;

  beforeEach(async () => {
    const options = { database: await newDatabase(), secret: SECRET, timeoutMs: 20_000 };
    store = openStore(options);
    database = openDatabase(readSettings(options), () => Promise.resolve());
    await store.migrate();
  });
  afterEach(() => Promise.all([store.close(), database.close()]));

  const change = (sql: string) => database.session((session) => session.execute(sql));
  const texts = (sql: string) =>
    database.session(async (session) => (await session.rows<{ found: string }>(sql)).map(({ found }) => found));

  async function addUsers(tenant: string, count: number): Promise<void> {
    const pseudonym = `md5(concat('${tenant}-', i))`;
    const columns = 'id, part, subject, actor, flag, salt, data';
    await change(`insert into rampart_subject (pseudonym, tenant_id, user_id)
      select ${pseudonym}, '${tenant}', concat('user-', i) from ${numbers(count)}`);
    for (const part of ['what', 'who']) {
      await change(`insert into rampart_detail (${columns})
        select concat('${tenant}-', i), '${part}', ${pseudonym}, null, null, repeat('0', 32), '{}' from ${numbers(count)}`);
    }
  }

  test('erases a tenant with many users and no other tenant', async () => {
    await addUsers('7', USERS);
    await addUsers('77', 3);
    await change(`insert into rampart_user_choice (tenant_id, user_id, feature_class, choice, entry)
      select '7', concat('user-', i), '*', 'opt_out', concat('7-', i) from ${numbers(USERS)}`);
    await change(`insert into rampart_task (id, task, done_at)
      values ('7-1', '{}', 1), ('7-${USERS}', '{}', 1), ('7-2', '{}', null), ('77-1', '{}', 1)`);
    const { id } = await store.erase({ tenant: '7' }, write);
    const [payload = ''] = await texts(`select data as found from rampart_detail where id = '${id}' and part = 'what'`);
    expect(new Set(JSON.parse(payload).erased.pseudonyms).size).toBe(USERS);
    expect(await texts(`select id as found from rampart_detail where id <> '${id}' order by id, part`)).toEqual(
      ['77-1', '77-2', '77-3'].flatMap((each) => [each, each]),
    );
    expect(await texts('select user_id as found from rampart_subject order by user_id')).toEqual([
      ...['user-1', 'user-2', 'user-3'],
    ]);
    expect(await texts('select user_id as found from rampart_user_choice')).toEqual([]);
    // What is left to do has to be done.
    expect(await texts('select id as found from rampart_task order by id')).toEqual(['7-2', '77-1']);
    expect((await store.verify()).findings).toEqual([]);
  });

  test('erases a user with many entries about other users', async () => {
    await store.apply({ kind: 'choice', tenant: '7', user: 'zoe', featureClass: '*', choice: 'opt_out' }, write);
    const { head } = await store.readLog(0, 1);
    const [pseudonym, zeros] = ["md5(concat('7-', i))", "repeat('0', 64)"];
    await change(`insert into rampart_subject (pseudonym, tenant_id, user_id)
      select ${pseudonym}, '7', concat('user-', i) from ${numbers(ENTRIES)}`);
    await change(`insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      select ${head} + i, concat('7-', i), 'choice', ${pseudonym}, 0, ${zeros}, ${zeros}, ${zeros}
        from ${numbers(ENTRIES)}`);
    await change(`update rampart_head set position = position + ${ENTRIES}, sealed = sealed + ${ENTRIES}`);
    await change(`insert into rampart_detail (id, part, subject, actor, flag, salt, data)
      select concat('7-', i), 'who', ${pseudonym}, 'zoe', null, repeat('0', 32), '{}' from ${numbers(ENTRIES)}`);
    const { id } = await store.erase({ tenant: '7', user: 'zoe' }, write);
    const [payload = ''] = await texts(`select data as found from rampart_detail where id = '${id}' and part = 'what'`);
    expect(new Set(JSON.parse(payload).erased.made).size).toBe(ENTRIES);
    expect(await texts(`select id as found from rampart_detail where actor = 'zoe'`)).toEqual([]);
    expect(await texts(`select user_id as found from rampart_subject where user_id = 'zoe'`)).toEqual([]);
    expect(await texts('select user_id as found from rampart_subject')).toHaveLength(ENTRIES);
  });
});
