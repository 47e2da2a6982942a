import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Attacked, attackedMariadb, attackedPostgres } from '../../test/attacked.js';
import type { ControlStore } from '../api/control-store.js';
import type { SignedHead } from '../api/verification.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'ann', reason: 'a test', expected: 'any' };
const consent = (tenant: string, version: number): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass: 'agent',
  consent: { state: 'opt_in', version },
});

const postgres = usePostgres();
const mariadb = useMariadb();

describe.each([
  { name: 'PostgreSQL', open: () => attackedPostgres(postgres()) },
  { name: 'MariaDB', open: () => attackedMariadb(mariadb()) },
])('the log on $name', ({ open }) => {
  let attacked: Attacked;
  let store: ControlStore;

  beforeEach(async () => {
    attacked = await open();
    store = openStore({ database: attacked.url, secret: SECRET });
    await store.migrate();
    for (let version = 1; version <= 6; version++) await store.apply(consent(String(version), version), write);
  });
  afterEach(() => store.close());

  const findings = async (heads: readonly SignedHead[] = []) => {
    const { ok, findings: all } = await store.verify({ heads });
    expect(ok).toBe(all.length === 0);
    return all.map(({ kind, position }) => `${kind} ${position}`);
  };

  test.each(['update rampart_log set kind = kind where position = 2', 'delete from rampart_log where position = 2'])(
    'refuses its owner: %s',
    async (sql) => {
      await expect(attacked.owner(sql)).rejects.toThrow(/append-only/);
      expect(await findings()).toEqual([]);
    },
  );

  test('refuses its owner to truncate it', async () => {
    await expect(attacked.owner('truncate table rampart_log')).rejects.toThrow(/append-only|foreign key/);
    expect(await findings()).toEqual([]);
  });

  test('passes when it is unchanged', async () => {
    const head = await store.head();
    await store.apply(consent('7', 7), write);
    const { ok, entries, head: end } = await store.verify({ heads: [head] });
    expect({ ok, entries, position: end.position }).toEqual({ ok: true, entries: 7, position: 7 });
  });

  test.each([
    ['an entry', "update rampart_log set kind = 'choice' where position = 3", ['edited 3']],
    ['its time', 'update rampart_log set recorded_at = recorded_at + 1 where position = 1', ['edited 1']],
    ['its mac', "update rampart_log set mac = repeat('0', 64) where position = 3", ['edited 3']],
    ['its mac, removed', 'update rampart_log set mac = null where position = 3', ['foreign 3', 'edited 4']],
    ['the last entry', "update rampart_log set kind = 'choice' where position = 6", ['edited 6']],
  ])('reports an edited entry: %s', async (_what, sql, expected) => {
    await attacked.attack(sql);
    expect(await findings()).toEqual(expected);
  });

  test('reports an edited payload', async () => {
    await attacked.attack(`update rampart_detail set data = replace(data, '"version":3', '"version":9')
      where part = 'what' and id = (select id from rampart_log where position = 3)`);
    expect(await findings()).toEqual(['edited 3']);
  });

  test('reports an edited author', async () => {
    await attacked.attack(`update rampart_detail set data = replace(data, 'ann', 'eve')
      where part = 'who' and id = (select id from rampart_log where position = 4)`);
    expect(await findings()).toEqual(['edited 4']);
  });

  test('reports the first of several deleted entries', async () => {
    await attacked.attack('delete from rampart_log where position in (2, 4, 5)');
    expect(await findings()).toEqual(['deleted 2']);
  });

  test('reports a deleted first entry', async () => {
    await attacked.attack('delete from rampart_log where position = 1');
    expect(await findings()).toEqual(['deleted 1']);
  });

  test('reports a payload that was deleted without an erasure', async () => {
    await attacked.attack(`delete from rampart_detail
      where part = 'what' and id = (select id from rampart_log where position = 5)`);
    expect(await findings()).toEqual(['deleted 5']);
  });

  test.each([
    ['neighbours', [3, 4]],
    ['others', [2, 5]],
    ['the ends', [1, 6]],
  ])('reports the first of two swapped entries: %s', async (_which, [one = 0, other = 0]) => {
    await attacked.attack(`update rampart_log set position = -1 where position = ${one};
      update rampart_log set position = ${one} where position = ${other};
      update rampart_log set position = ${other} where position = -1`);
    expect(await findings()).toEqual([`edited ${one}`]);
  });

  test('reports where an entry was deleted and the following ones renumbered', async () => {
    await attacked.attack(`delete from rampart_log where position = 3;
      update rampart_log set position = position - 1 where position = 4;
      update rampart_log set position = position - 1 where position = 5;
      update rampart_log set position = position - 1 where position = 6;
      update rampart_head set position = 5, sealed = 5`);
    expect(await findings()).toEqual(['edited 3']);
  });

  test('reports the first of several breaks of different kinds, and nothing after it', async () => {
    await attacked.attack(`update rampart_detail set data = replace(data, 'ann', 'eve')
        where part = 'who' and id = (select id from rampart_log where position = 5);
      delete from rampart_detail where part = 'what' and id = (select id from rampart_log where position = 4);
      delete from rampart_log where position = 6`);
    await attacked.unseen("update tenant_ai_consents set state = 'opt_out' where tenant_id = '2'");
    expect(await findings()).toEqual(['deleted 4']);
  });

  test('accepts a payload that a later erasure explains, before a break', async () => {
    await store.erase({ tenant: '2' }, { actor: 'dpo', reason: 'requested' });
    await store.apply(consent('9', 9), write);
    await attacked.attack("update rampart_log set kind = 'choice' where position = 5");
    expect(await findings()).toEqual(['edited 5']);
  });

  test('reports where it was cut off', async () => {
    await attacked.attack('delete from rampart_log where position > 4');
    expect(await findings()).toContain('cut_off 5');
  });

  test('reports a cut that includes the head row and the state by an exported head only', async () => {
    const head = await store.head();
    await cutTo(4);
    expect(await findings()).toEqual([]);
    expect(await findings([head])).toEqual(['cut_off 5']);
  });

  test('reports a cut log that has grown again by an exported head only', async () => {
    const [early, late] = [await headAt(2), await store.head()];
    await cutTo(4);
    for (const version of [8, 9, 10]) await store.apply(consent('9', version), write);
    expect(await findings([early])).toEqual([]);
    expect(await findings([early, late])).toEqual(['cut_off 6']);
  });

  test('reports an entry that was written without the secret', async () => {
    await attacked.attack(`insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      select 7, 'forged', kind, subject, recorded_at, what, who, mac from rampart_log where position = 6;
      update rampart_head set position = 7, sealed = 7, mac = (select mac from rampart_log where position = 6)`);
    expect(await findings()).toEqual(['edited 7']);
  });

  test('reports exported heads that were edited or are of another database', async () => {
    const head = await store.head();
    expect(await findings([{ ...head, position: 5 }])).toEqual(['foreign 5']);
    const other = openStore({ database: (await open()).url, secret: SECRET });
    await other.migrate();
    expect(await findings([await other.head()])).toEqual(['foreign 0']);
    await other.close();
  });

  test.each([
    ['edited', "update tenant_ai_consents set state = 'opt_out' where tenant_id = '2'", 'state 2'],
    ['the version of the terms', "update rampart_consent_terms set version = 99 where tenant_id = '2'", 'state 2'],
    ['deleted', "delete from tenant_ai_consents where tenant_id = '5'", 'state 5'],
    ['added', "insert into rampart_kill (id, scope, reason, entry) values ('k', '{}', 'r', 'none')", 'state 0'],
  ])('reports a row of the state that differs from the log: %s', async (_how, sql, expected) => {
    await attacked.unseen(sql);
    expect(await findings()).toEqual([expected]);
  });

  test('refuses another secret', async () => {
    const other = openStore({ database: attacked.url, secret: 'another secret, of 32 characters' });
    await expect(other.readLog(0, 1)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/secret/),
    });
    await other.close();
  });

  test('an erasure keeps the chain valid and leaves no data of the tenant', async () => {
    await store.apply({ kind: 'choice', tenant: '2', user: 'zoe', featureClass: '*', choice: 'opt_out' }, write);
    await store.apply({ kind: 'preference', tenant: '2', mode: 'shadow' }, { ...write, actor: 'zoe' });
    await store.apply({ kind: 'choice', tenant: '3', user: 'zoe', featureClass: '*', choice: 'opt_out' }, write);
    expect(JSON.stringify(await store.exportData({ tenant: '2', user: 'zoe' }))).toMatch(/opt_out.*shadow/);
    const head = await store.head();
    const { position } = await store.erase({ tenant: '2', user: 'zoe' }, { actor: 'dpo', reason: 'asked' });
    expect(await findings([head])).toEqual([]);
    expect((await store.readTenant('2')).tenant).toMatchObject({ users: new Map(), mode: 'shadow' });
    expect(JSON.stringify(await store.exportData({ tenant: '2' }))).not.toContain('zoe');
    expect((await store.readLog(position - 1, 5)).entries).toEqual([{ position, effect: { kind: 'forget' } }]);
    await store.erase({ tenant: '2' }, { actor: 'dpo', reason: 'asked' });
    expect(await findings([head])).toEqual([]);
    expect(await store.exportData({ tenant: '2' })).toEqual({ tenant: '2', items: [], entries: [], events: [] });
    expect((await store.readTenant('2')).tenant).toEqual({ consents: new Map(), users: new Map() });
    expect((await store.readTenant('3')).tenant.users.size).toBe(1);
    const erased = (await store.entries({ after: 1, limit: 1 })).entries[0];
    expect(erased).toEqual(expect.objectContaining({ position: 2, erased: true, kind: 'consent' }));
    expect(erased).not.toHaveProperty('actor');
    await store.apply(consent('2', 1), write);
    expect((await store.verify()).findings).toEqual([]);
  });

  test('refuses to erase a tenant while a kill names it', async () => {
    await store.apply({ kind: 'kill', kill: { id: 'k', scope: { tenant: '2' }, reason: 'abuse by 2' } }, write);
    await expect(store.erase({ tenant: '2' }, { actor: 'dpo', reason: 'asked' })).rejects.toThrow(
      /lift the kill k first/,
    );
    await store.apply({ kind: 'revive', id: 'k' }, write);
    await store.erase({ tenant: '2' }, { actor: 'dpo', reason: 'asked' });
    expect(JSON.stringify(await store.entries())).not.toContain('abuse');
    expect(await findings()).toEqual([]);
  });

  async function headAt(position: number): Promise<SignedHead> {
    // The head of an earlier time, made again: this is what it would have been.
    const { createChain } = await import('../log/chain.js');
    const { epoch, at } = await store.head();
    const found = await attacked.owner(`select mac from rampart_log where position = ${position}`);
    const rows = (Array.isArray(found) ? found[0] : (found as { rows: unknown }).rows) as readonly { mac: string }[];
    return createChain(SECRET).sign({ epoch, position, mac: rows[0]?.mac ?? '', at });
  }

  async function cutTo(position: number): Promise<void> {
    await attacked.attack(`update rampart_head set position = ${position}, sealed = ${position},
        mac = (select mac from rampart_log where position = ${position});
      delete from rampart_consent_terms where entry in (select id from rampart_log where position > ${position});
      delete from rampart_log where position > ${position}`);
    await attacked.owner('delete from rampart_detail where id not in (select id from rampart_log)');
    await attacked.unseen(`delete from tenant_ai_consents where tenant_id in ('5', '6')`);
  }
});
