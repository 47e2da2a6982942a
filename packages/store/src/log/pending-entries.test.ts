import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import type { SignedHead } from '../api/verification.js';
import { type Database, openDatabase } from '../database/database.js';
import { readSettings } from '../database/settings.js';
import { insert, insertRows } from '../database/sql-dialect.js';
import { openStore } from '../open-store.js';
import { canonical } from './canonical.js';
import { commitment, newSalt } from './chain.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'ann', reason: 'a test' };
const postgres = usePostgres();
const mariadb = useMariadb();

const kill = (id: string): ControlChange => ({ kind: 'kill', kill: { id, scope: { all: true }, reason: 'stop' } });
const revive: ControlChange = { kind: 'revive', id: 'k' };
const consent = (version?: number): ControlChange => ({
  kind: 'consent',
  tenant: '7',
  featureClass: 'agent',
  consent: { state: 'opt_in', ...(version !== undefined && { version }) },
});

interface Forgery {
  readonly kind: string;
  readonly change: ControlChange;
  /** What the database holds of it. @default as committed to */
  readonly claimed?: ControlChange | undefined;
}

let url: string;
let store: ControlStore;
let database: Database;

async function open(newDatabase: () => Promise<string>): Promise<void> {
  url = await newDatabase();
  const options = { database: url, secret: SECRET, timeoutMs: 10_000 };
  store = openStore(options);
  database = openDatabase(readSettings(options), () => Promise.resolve());
  await store.migrate();
}

/** A forgery with SQL access: an entry without a mac, and the head behind it. */
function forge({ kind, change, claimed }: Forgery): Promise<number> {
  const [id, subject, salt, whoSalt] = [newSalt(), newSalt(), newSalt(), newSalt()];
  const what = canonical({ change, before: null });
  const who = canonical({ actor: 'ann', reason: 'all is well' });
  return database.session(async (session) => {
    const run = ({ text, values }: ReturnType<typeof insert>) => session.execute(text, values);
    const [head] = await session.rows<{ position: number }>('select position from rampart_head');
    const position = (head?.position ?? 0) + 1;
    const detail = ['id', 'part', 'subject', 'salt', 'data'];
    const says = claimed === undefined ? what : canonical({ change: claimed, before: null });
    await run(insertRows('rampart_detail', detail, [[id, 'what', subject, salt, says]]));
    await run(insertRows('rampart_detail', detail, [[id, 'who', subject, whoSalt, who]]));
    const row = { position, id, kind, subject, recorded_at: Date.now() };
    await run(
      insert('rampart_log', { ...row, what: commitment(salt, what), who: commitment(whoSalt, who), mac: null }),
    );
    await session.execute('update rampart_head set position = ?', [position]);
    return position;
  });
}

const macAt = (position: number) =>
  database.session(async (session) => {
    const rows = await session.rows<{ mac: string | null }>('select mac from rampart_log where position = ?', [
      position,
    ]);
    return rows[0]?.mac;
  });

const findings = async (heads: readonly SignedHead[] = []) =>
  (await store.verify({ heads })).findings.map(({ kind, position }) => `${kind} ${position}`);

const forgeries: readonly (readonly [string, Forgery])[] = [
  ['a revival', { kind: 'revive', change: revive }],
  ['a revival that is called a consent', { kind: 'consent', change: revive }],
  ['a revival that is almost called one', { kind: 'consent ', change: revive }],
  ['a consent that is called a revival', { kind: 'revive', change: consent() }],
  ['a consent to terms, which no old code knows', { kind: 'consent', change: consent(9) }],
];

describe.each([
  { name: 'PostgreSQL', newDatabase: () => postgres().newDatabase() },
  { name: 'MariaDB', newDatabase: () => mariadb().newDatabase() },
])('an entry that an intruder wrote by SQL on $name', ({ newDatabase }) => {
  beforeEach(async () => {
    await open(newDatabase);
    await store.apply(kill('k'), write);
  });
  afterEach(() => Promise.all([store.close(), database.close()]));

  test.each(forgeries)('is skipped by the next write and reported: %s', async (_what, forgery) => {
    const before = await store.head();
    const forged = await forge(forgery);
    const { position } = await store.apply(kill('another'), write);
    expect(position).toBe(forged + 1);
    expect(await macAt(forged)).toBeNull();
    expect(await findings([before])).toEqual([`foreign ${forged}`]);
    await store.apply(kill('a third'), write);
    expect(await findings([before, await store.head()])).toEqual([`foreign ${forged}`]);
  });

  test.each(forgeries)('is reported at the end of the log and prevents no write: %s', async (_what, forgery) => {
    const forged = [await forge(forgery), await forge(forgery)];
    const expected = forged.map((position) => `foreign ${position}`);
    const end = await store.head();
    expect(end.position).toBe(1);
    expect(await findings([end])).toEqual(expected);
    expect(await findings([end])).toEqual(expected);
    expect(await macAt(forged[0] ?? 0)).toBeNull();
    await store.apply({ ...kill('another') }, write);
    expect(await findings([end])).toEqual(expected);
    expect((await store.readShared()).shared.kills.map(({ id }) => id)).toEqual(['k', 'another']);
  });

  test('hides no edit after it', async () => {
    const forged = await forge({ kind: 'revive', change: revive });
    await store.apply(kill('another'), write);
    if (database.sql.family === 'mysql') {
      await mariadb().query(`drop trigger ${new URL(url).pathname.slice(1)}.rampart_log_update`);
    } else {
      await database.session((session) => session.execute('alter table rampart_log disable trigger all'));
    }
    await database.session((session) => session.execute('update rampart_log set recorded_at = 1 where position = 3'));
    expect(await findings()).toEqual([`foreign ${forged}`, `edited ${forged + 1}`]);
  });
});

test('a consent written by SQL is foreign on PostgreSQL, which has no triggers', async () => {
  await open(() => postgres().newDatabase());
  const forged = await forge({ kind: 'consent', change: consent() });
  await store.apply(kill('k'), write);
  expect(await macAt(forged)).toBeNull();
  expect(await findings()).toEqual([`foreign ${forged}`]);
  await Promise.all([store.close(), database.close()]);
});

describe('an entry that legacy code wrote by SQL', () => {
  beforeEach(() => open(() => mariadb().newDatabase()));
  afterEach(() => Promise.all([store.close(), database.close()]));

  /** The triggers leave our own connections alone; this is none. */
  async function oldCode(sql: string): Promise<void> {
    const connection = await createConnection(url);
    await connection.query(sql);
    await connection.end();
  }

  test('is signed between foreign entries by a write and by verify', async () => {
    await oldCode("insert into tenant_ai_consents values (7, 'agent', 'opt_in', 1, now())");
    await forge({ kind: 'revive', change: revive });
    await oldCode("update tenant_ai_consents set state = 'opt_out', actor_user_id = 2");
    await forge({ kind: 'consent', change: revive });
    expect(await store.verify()).toMatchObject({ sealed: 2, head: { position: 3 } });
    await oldCode('delete from tenant_ai_consents');
    await store.apply(kill('k'), write);
    expect(await findings()).toEqual(['foreign 2', 'foreign 4']);
    expect(await macAt(5)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is signed by the erasure that deletes its payload', async () => {
    await oldCode("insert into tenant_ai_consents values (7, 'agent', 'opt_in', 1, now())");
    await store.erase({ tenant: '7' }, write);
    expect(await macAt(1)).toMatch(/^[0-9a-f]{64}$/);
    expect(await findings()).toEqual([]);
  });

  test('is not signed if its payload is missing or differs from its commitment', async () => {
    const [other, silent] = [
      await forge({ kind: 'consent', change: consent(9), claimed: consent() }),
      await forge({ kind: 'consent', change: consent() }),
    ];
    await database.session((session) =>
      session.execute(`delete from rampart_detail where part = 'what'
        and id = (select id from rampart_log where position = ${silent})`),
    );
    await store.apply(kill('k'), write);
    expect([await macAt(other), await macAt(silent)]).toEqual([null, null]);
    expect(await findings()).toEqual(expect.arrayContaining([`foreign ${other}`, `foreign ${silent}`]));
  });
});
