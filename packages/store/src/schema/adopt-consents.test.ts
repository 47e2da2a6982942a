import { randomBytes } from 'node:crypto';
import { applyControl, EMPTY_CONTROL, EMPTY_TENANT } from '@rampart/core';
import { useMariadb } from '@rampart/services/vitest';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: '42', reason: 'a test' };

// As the installations have it, to the letter.
const SEED = `CREATE TABLE tenant_ai_consents (
    tenant_id   BIGINT UNSIGNED NOT NULL,
    feature_class VARCHAR(64) NOT NULL,       -- 'agent', 'training_data', 'support_copilot'
    state       ENUM('opt_in','opt_out','unset') NOT NULL,
    actor_user_id BIGINT UNSIGNED,
    set_at      DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, feature_class)
);`;

const mariadb = useMariadb();

describe('a tenant_ai_consents that is there already', () => {
  let url: string;
  let owner: Connection;
  let oldCode: Connection;
  let store: ControlStore;

  beforeEach(async () => {
    url = await mariadb().newDatabase();
    owner = await createConnection(url);
    await owner.query(SEED);
    await owner.query(`INSERT INTO tenant_ai_consents VALUES
      (7, 'Agent ', 'opt_in', 42, '2026-01-01 00:00:00'),
      (7, 'training_data', 'opt_out', NULL, '2026-01-01 00:00:00'),
      (18446744073709551615, 'agent', 'unset', NULL, '2026-01-01 00:00:00')`);
    oldCode = await connectOldCode();
    store = openStore({ database: url, secret: SECRET, timeoutMs: 10_000 });
  });
  afterEach(async () => {
    await Promise.all([store.close(), owner.end(), oldCode.end()]);
  });

  /** Another user, with rights on that table only. */
  async function connectOldCode(): Promise<Connection> {
    const at = new URL(url);
    const database = at.pathname.slice(1);
    const user = `old_${database.slice(-12)}`;
    await mariadb().query(`create user ${user}@'%' identified by 'old'`);
    await mariadb().query(`grant select, insert, update, delete on ${database}.tenant_ai_consents to ${user}@'%'`);
    return createConnection({ host: at.hostname, port: Number(at.port), user, password: 'old', database });
  }

  const consentsOf = async (tenant: string) => (await store.readTenant(tenant)).tenant.consents;
  const states = async (after: number) =>
    (await store.readLog(after, 100)).entries.map(({ effect }) =>
      effect.kind === 'change' && effect.change.kind === 'consent'
        ? `${effect.change.tenant} ${effect.change.featureClass} ${effect.change.consent.state}`
        : effect.kind,
    );

  test('is adopted with its rows, as it is', async () => {
    const shape = async () => (await owner.query('show create table tenant_ai_consents'))[0];
    const before = await shape();
    const [rows] = await owner.query('select * from tenant_ai_consents');
    await store.migrate();
    await store.migrate();
    expect(await shape()).toEqual(before);
    expect((await owner.query('select * from tenant_ai_consents'))[0]).toEqual(rows);
    expect(await consentsOf('7')).toEqual(
      new Map([
        ['agent', { state: 'opt_in' }],
        ['training_data', { state: 'opt_out' }],
      ]),
    );
    expect(await states(0)).toEqual(['7 agent opt_in', '7 training_data opt_out', '18446744073709551615 agent unset']);
    expect(await store.consents('7')).toContainEqual(
      expect.objectContaining({ featureClass: 'agent', actor: 'rampart migrate', reason: 'adopted' }),
    );
    expect((await store.verify()).findings).toEqual([]);
  });

  test('writes by old code count, in order, and change the state', async () => {
    await store.migrate();
    const { head } = await store.readLog(0, 1);
    await oldCode.query("INSERT INTO tenant_ai_consents VALUES (9, 'support_copilot', 'opt_in', 11, NOW())");
    await oldCode.query("UPDATE tenant_ai_consents SET state = 'opt_out' WHERE tenant_id = 9");
    await oldCode.query("REPLACE INTO tenant_ai_consents VALUES (9, 'Support_Copilot', 'opt_in', NULL, NOW())");
    await oldCode.query(`INSERT INTO tenant_ai_consents VALUES (8, 'agent', 'opt_in', 1, NOW()), (9, 'agent', 'opt_in', 1, NOW())
      ON DUPLICATE KEY UPDATE state = VALUES(state)`);
    await oldCode.query('DELETE FROM tenant_ai_consents WHERE tenant_id = 8');
    await oldCode.query('UPDATE tenant_ai_consents SET tenant_id = 10 WHERE tenant_id = 9 AND feature_class = ?', [
      'agent',
    ]);
    const effects = await states(head);
    expect(effects.filter((effect) => effect.startsWith('9 support'))).toEqual(
      expect.arrayContaining(['9 support_copilot opt_in', '9 support_copilot opt_out']),
    );
    expect(effects.at(-1)).toBe('10 agent opt_in');
    expect(effects.at(-2)).toBe('9 agent unset');
    expect(effects.at(-3)).toBe('8 agent unset');
    expect(await consentsOf('9')).toEqual(new Map([['support_copilot', { state: 'opt_in' }]]));
    expect(await consentsOf('8')).toEqual(new Map());
    const { entries } = await store.entries({ tenant: '9' });
    expect(entries[0]).toMatchObject({ actor: '11', reason: 'none given: written by SQL', before: null });
    expect(entries[1]).toMatchObject({ before: { state: 'opt_in' }, after: { state: 'opt_out' } });
    expect(entries[2]).toMatchObject({ actor: expect.stringMatching(/^sql:old_/) });
    const verified = await store.verify();
    expect(verified).toMatchObject({ ok: true, findings: [], sealed: effects.length });
  });

  test('what old code rolls back never happened', async () => {
    await store.migrate();
    const { head } = await store.readLog(0, 1);
    await oldCode.beginTransaction();
    await oldCode.query("UPDATE tenant_ai_consents SET state = 'opt_out' WHERE tenant_id = 7");
    await oldCode.rollback();
    expect(await states(head)).toEqual([]);
    expect((await store.verify()).ok).toBe(true);
  });

  test('old code knows no terms: their version is void', async () => {
    await store.migrate();
    const change = {
      kind: 'consent',
      tenant: '7',
      featureClass: 'agent',
      consent: { state: 'opt_in', version: 3 },
    } as const;
    await store.apply(change, { ...write, expected: 'any' });
    expect((await consentsOf('7')).get('agent')).toEqual({ state: 'opt_in', version: 3 });
    await oldCode.query("UPDATE tenant_ai_consents SET state = 'opt_in', set_at = NOW() WHERE tenant_id = 7");
    expect((await consentsOf('7')).get('agent')).toEqual({ state: 'opt_in' });
    expect((await store.verify()).findings).toEqual([]);
  });

  test('reports a conflict to a writer that read the state before legacy code changed it', async () => {
    await store.migrate();
    const read = (await store.consents('7')).find(({ featureClass }) => featureClass === 'agent');
    await oldCode.query("UPDATE tenant_ai_consents SET state = 'opt_out' WHERE tenant_id = 7");
    const change = { kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'opt_in' } } as const;
    await expect(store.apply(change, { ...write, expected: read?.revision })).rejects.toThrow(/"opt_out"/);
  });

  test('a write of the store corrects the spelling and records its actor', async () => {
    await store.migrate();
    const change = { kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'opt_out' } } as const;
    await store.apply(change, write);
    const [rows] = await owner.query(
      "select feature_class, actor_user_id from tenant_ai_consents where state = 'opt_out'",
    );
    expect(rows).toContainEqual({ feature_class: 'agent', actor_user_id: 42 });
    expect(await consentsOf('7')).toEqual(
      new Map([
        ['agent', { state: 'opt_out' }],
        ['training_data', { state: 'opt_out' }],
      ]),
    );
  });

  test('old code and ours at once: no gap, and the log adds up to the state', async () => {
    await store.migrate();
    const ours = Array.from({ length: 40 }, (_, index) => {
      const consent = { state: index % 2 ? 'opt_in' : 'unset' } as const;
      const change = { kind: 'consent', tenant: String(index % 4), featureClass: 'agent', consent } as const;
      return store.apply(change, { ...write, expected: 'any' });
    });
    const theirs = (async () => {
      for (let index = 0; index < 40; index++) {
        await oldCode.query(
          `INSERT INTO tenant_ai_consents VALUES (?, 'agent', 'opt_out', 1, NOW()) ON DUPLICATE KEY UPDATE state = VALUES(state)`,
          [index % 4],
        );
      }
    })();
    await Promise.all([...ours, theirs]);
    let state = EMPTY_CONTROL;
    for (const { position, effect } of (await store.readLog(0, 1_000)).entries) {
      if (effect.kind === 'change') state = applyControl(state, effect.change);
      expect(state.position).toBe(position);
    }
    for (const tenant of ['0', '1', '2', '3', '7']) {
      expect(await consentsOf(tenant)).toEqual((state.tenants.get(tenant) ?? EMPTY_TENANT).consents);
    }
    expect((await store.verify()).findings).toEqual([]);
  });

  test.each(['007', 'acme', '-1', '1.0', '18446744073709551616', ' 7'])(
    'a tenant must be a number: %j',
    async (tenant) => {
      await store.migrate();
      const change = { kind: 'consent', tenant, featureClass: 'agent', consent: { state: 'opt_in' } } as const;
      await expect(store.apply(change, write)).rejects.toMatchObject({ name: 'ControlInputError', field: 'tenant' });
      await expect(store.readTenant(tenant)).rejects.toMatchObject({ name: 'ControlInputError' });
      await expect(store.consents(tenant)).rejects.toMatchObject({ name: 'ControlInputError' });
    },
  );

  test('one of another shape is refused', async () => {
    await owner.query('alter table tenant_ai_consents drop column set_at');
    await expect(store.migrate()).rejects.toMatchObject({ kind: 'refused', message: expect.stringMatching(/set_at/) });
  });

  test.each([
    ['an engine without transactions', 'engine = MyISAM', /engine MyISAM/],
    ['a column without a default', 'add column origin varchar(9) not null', /column origin varchar\(9\)/],
    ['an ENUM without unset', "modify state enum('opt_in', 'opt_out', '') not null", /column state .*'unset'/],
    [
      'a key that cascades',
      'add constraint by_tenant foreign key (tenant_id) references tenants (id) on delete cascade',
      /foreign key by_tenant of column tenant_id to tenants, ON DELETE CASCADE/,
    ],
    [
      'a key that sets NULL',
      'add constraint by_actor foreign key (actor_user_id) references tenants (id) on delete set null',
      /by_actor of column actor_user_id .*ON DELETE SET NULL/,
    ],
    ['partitions', 'partition by hash (tenant_id) partitions 2', /partitioned/],
    [
      'a key that allows NULL',
      'drop primary key, modify tenant_id bigint unsigned, add unique (tenant_id, feature_class)',
      /column tenant_id .*allows NULL/,
    ],
    ['no key', 'drop primary key, add key (tenant_id)', /no unique key/],
    [
      'a CHECK without unset',
      "add constraint states check (state in ('opt_in', 'opt_out'))",
      /CHECK states .*refuses a consent with the state 'unset'/,
    ],
    [
      'a CHECK of a column without unset',
      "modify state varchar(9) not null check (state = 'opt_in' or state like 'opt\\_%')",
      /CHECK state .*refuses a consent with the state 'unset'/,
    ],
    [
      'a CHECK that needs an actor',
      'add constraint signed check (actor_user_id is not null)',
      /CHECK signed .*refuses a consent with the state 'opt_in'/,
    ],
    ['one class for each tenant', 'add unique one_class (tenant_id)', /unique key one_class \(tenant_id\)/],
    [
      'a state that is computed',
      "drop column state, add column given varchar(9), add column state varchar(9) as (coalesce(given, 'unset')) stored",
      /column state .*computed/,
    ],
    [
      'two spellings',
      'modify feature_class varchar(64) character set utf8mb4 collate utf8mb4_bin not null',
      /tenant 7 has the class "agent" in several spellings \("AGENT", "Agent "\)/,
    ],
  ])('%s is refused by name, and nothing is created', async (_what, change, refusal) => {
    await owner.query('create table tenants (id bigint unsigned primary key)');
    await owner.query('delete from tenant_ai_consents');
    await owner.query(`alter table tenant_ai_consents ${change}`);
    if (_what === 'two spellings')
      await owner.query(
        "insert into tenant_ai_consents values (7, 'Agent ', 'opt_in', 1, now()), (7, 'AGENT', 'opt_out', 1, now())",
      );
    expect(await store.consentProblems()).toEqual([expect.stringMatching(refusal)]);
    await expect(store.migrate()).rejects.toMatchObject({ kind: 'refused', message: expect.stringMatching(refusal) });
    expect((await owner.query("show tables like 'rampart%'"))[0]).toEqual([]);
  });

  test('an invalid state is unknown, and verify reports it', async () => {
    await owner.query('alter table tenant_ai_consents modify state varchar(20)');
    await owner.query(
      "INSERT INTO tenant_ai_consents VALUES (8, 'agent', 'OPT-OUT', 1, NOW()), (9, 'agent', NULL, 1, NOW())",
    );
    await store.migrate();
    await oldCode.query("set sql_mode = ''");
    await oldCode.query(
      "UPDATE tenant_ai_consents SET state = 'Opt_In' WHERE tenant_id = 7 AND feature_class = 'agent'",
    );
    const unknown = new Map([['agent', { state: 'unknown' }]]);
    expect([await consentsOf('8'), await consentsOf('9')]).toEqual([unknown, unknown]);
    expect((await consentsOf('7')).get('agent')).toEqual({ state: 'unknown' });
    expect((await states(0)).at(-1)).toBe('7 agent unknown');
    expect((await store.consents('8'))[0]?.consent).toEqual({ state: 'unknown' });
    expect(await store.consentCounts()).toContainEqual({ featureClass: 'agent', optIn: 0, optOut: 0 });
    const { findings } = await store.verify();
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/"consent","8","agent".*"OPT-OUT"/),
      expect.stringMatching(/"consent","9","agent"/),
      expect.stringMatching(/"consent","7","agent".*"Opt_In"/),
    ]);
    const change = { kind: 'consent', tenant: '9', featureClass: 'agent', consent: { state: 'opt_out' } } as const;
    await store.apply(change, write);
    expect(await consentsOf('9')).toEqual(new Map([['agent', { state: 'opt_out' }]]));
  });

  test('a service without EXECUTE on the procedure gets an error that names it', async () => {
    await store.migrate();
    const at = new URL(url);
    const database = at.pathname.slice(1);
    const user = `service_${database.slice(-12)}`;
    await mariadb().query(`create user ${user}@'%' identified by 'service'`);
    await mariadb().query(`grant select, insert, update, delete on ${database}.* to ${user}@'%'`);
    at.username = user;
    at.password = 'service';
    const service = openStore({ database: at.href, secret: SECRET, timeoutMs: 10_000 });
    await expect(service.readLog(0, 1)).rejects.toThrow(/EXECUTE on the procedure rampart_consent_triggers/);
    await mariadb().query(`grant execute on procedure ${database}.rampart_consent_triggers to ${user}@'%'`);
    expect((await service.readLog(0, 1)).head).toBe(3);
    await service.close();
  });

  test('a migration that was interrupted goes on', async () => {
    await store.migrate();
    await owner.query('delete from rampart_migration');
    await owner.query('drop trigger rampart_consent_insert');
    const again = openStore({ database: url, secret: SECRET });
    await again.migrate();
    await oldCode.query("INSERT INTO tenant_ai_consents VALUES (9, 'agent', 'opt_in', 11, NOW())");
    expect((await states(0)).at(-1)).toBe('9 agent opt_in');
    expect((await again.verify()).ok).toBe(true);
    await again.close();
  });
});
