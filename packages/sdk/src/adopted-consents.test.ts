import { randomBytes } from 'node:crypto';
import { useMariadb } from '@rampart/services/vitest';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createControl } from './create-control.js';
import type { DurableControl } from './durable-control.js';

const SECRET = randomBytes(24).toString('hex');
const MAX_STALENESS_MS = 600;
const ACCEPTED = `create table tenant_ai_consents (tenant_id bigint unsigned not null, feature_class varchar(64) not null,
  state enum('opt_in','opt_out','unset') not null, actor_user_id bigint unsigned, set_at datetime not null,
  primary key (tenant_id, feature_class))`;
const CASCADE = 'foreign key (tenant_id) references tenants (id) on delete cascade';

const mariadb = useMariadb();

let url: string;
let sql: Connection;
let control: DurableControl;
const warnings: string[] = [];

beforeEach(async () => {
  warnings.length = 0;
  url = await mariadb().newDatabase();
  sql = await createConnection({ uri: url, multipleStatements: true });
  control = createControl({
    database: url,
    secret: SECRET,
    timeoutMs: 20_000,
    maxStaleness: MAX_STALENESS_MS,
    pollInterval: 250,
    patience: 10_000,
    logger: { warn: (message) => warnings.push(message) },
  });
});
afterEach(async () => {
  await Promise.all([control.close(), sql.end()]);
});

/** The table with two tenants, adopted and followed. */
async function adopt(): Promise<void> {
  await sql.query(ACCEPTED);
  await sql.query(`create table tenants (id bigint unsigned primary key); insert into tenants values (7), (8), (9);
    insert into tenant_ai_consents values (7, 'agent', 'opt_in', 1, now()), (8, 'agent', 'opt_out', 1, now())`);
  await control.start();
  await isOpen();
}

const stateOf = (tenant: string) => control.read(tenant)?.tenant.consents.get('agent')?.state;

async function isOpen(): Promise<void> {
  const wait = { timeout: 20_000, interval: 20 };
  await vi.waitFor(async () => {
    await control.load('7');
    expect(control.read('7'), warnings.join('\n')).toBeDefined();
  }, wait);
}

/** Unknown once the proof before the change has ended, and no reading proves anything from then on. */
async function isClosedBy(change: string | (() => Promise<unknown>)): Promise<void> {
  if (typeof change === 'string') await sql.query(change);
  else await change();
  const changedAt = performance.now();
  await vi.waitFor(() => expect(control.read('7')).toBeUndefined(), { timeout: 20_000, interval: 5 });
  expect(performance.now() - changedAt).toBeLessThan(MAX_STALENESS_MS + 250);
  await control.load('7');
  expect(control.read('7')).toBeUndefined();
  expect(control.status().provable).toBe(false);
}

describe('a change of the adopted table that no trigger sees closes until it is repaired', () => {
  const REPLACED = `create table copy like tenant_ai_consents; insert into copy select * from tenant_ai_consents;
    rename table tenant_ai_consents to old_consents, copy to tenant_ai_consents`;

  test.each([
    [
      'TRUNCATE, and rows of others',
      "truncate table tenant_ai_consents; insert into tenant_ai_consents values (1, 'agent', 'opt_in', 1, now())",
    ],
    [
      'TRUNCATE, and the rows again but one',
      "truncate table tenant_ai_consents; insert into tenant_ai_consents values (7, 'agent', 'opt_in', 1, now())",
    ],
    ['an online schema change', REPLACED],
    ['DROP TRIGGER', 'drop trigger rampart_consent_update'],
    ['ALTER TABLE', 'alter table tenant_ai_consents add column note varchar(9)'],
  ])('%s', async (_what, change) => {
    await adopt();
    await isClosedBy(change);
    await control.store.migrate();
    await isOpen();
    expect((await control.store.verify()).findings).toEqual([]);
    // The opt-out of tenant 8 stands, wherever its row went.
    await control.load('8');
    expect(stateOf('8')).toBe('opt_out');
    await sql.query("update tenant_ai_consents set state = 'opt_out' where tenant_id = 7");
    await vi.waitFor(() => expect(stateOf('7') ?? 'unset').not.toBe('opt_in'), { timeout: 5_000 });
  });

  test.each([
    [
      'a key that cascades, and a row that it deletes',
      `set foreign_key_checks = 0; alter table tenant_ai_consents add constraint by_tenant ${CASCADE}, algorithm = inplace;
        set foreign_key_checks = 1; delete from tenants where id = 7`,
      /by_tenant/,
    ],
    [
      'a foreign trigger',
      'create trigger audit before insert on tenant_ai_consents for each row set @x = 1',
      /trigger audit/,
    ],
    ['RENAME', 'rename table tenant_ai_consents to somewhere_else', undefined],
  ])('%s, which migrate refuses', async (_what, change, refusal) => {
    await adopt();
    await isClosedBy(change);
    if (refusal === undefined) return;
    await expect(control.store.migrate()).rejects.toThrow(refusal);
    expect(await control.store.consentProblems()).toEqual([expect.stringMatching(refusal)]);
    expect((await control.store.verify()).findings.map(({ message }) => message).join()).toMatch(/run rampart migrate/);
  });

  test('what removed rows unseen is recorded, and an opt-out is put back', async () => {
    await adopt();
    await isClosedBy('truncate table tenant_ai_consents');
    expect(warnings.join()).toMatch(/tenant 7, class agent was removed where no trigger saw it/);
    expect(await control.store.migrate()).toEqual({ recorded: 1, restored: 1 });
    await isOpen();
    await control.load('8');
    expect([stateOf('7'), stateOf('8')]).toEqual(['unset', 'opt_out']);
    const [rows] = await sql.query('select tenant_id, state from tenant_ai_consents');
    expect(rows).toEqual([{ tenant_id: 8, state: 'opt_out' }]);
    expect(await control.store.migrate()).toEqual({ recorded: 0, restored: 0 });
  });

  test('LOAD DATA, REPLACE, bulk deletes and writes of ours are seen, and close nothing', async () => {
    await adopt();
    await sql.query(`replace into tenant_ai_consents values (7, 'agent', 'opt_out', 1, now());
      insert ignore into tenant_ai_consents values (7, 'agent', 'opt_in', 1, now()), (9, 'agent', 'opt_in', 1, now());
      delete from tenant_ai_consents where tenant_id in (8, 9);
      insert into tenant_ai_consents values (8, 'agent', 'opt_in', 1, now())`);
    const change = { kind: 'consent', tenant: '9', featureClass: 'agent', consent: { state: 'opt_in' } } as const;
    await control.apply(change, { actor: '1', reason: 'a test', expected: 'any' });
    await vi.waitFor(() => expect(stateOf('7')).toBe('opt_out'), { timeout: 5_000 });
    expect((await control.store.verify()).findings).toEqual([]);
    expect(await control.store.consentProblems()).toEqual([]);
  });
});
