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
  let place: Attacked;
  let store: ControlStore;

  beforeEach(async () => {
    place = await open();
    store = openStore({ database: place.url, secret: SECRET });
    await store.migrate();
    for (let version = 1; version <= 6; version++) await store.apply(consent(String(version), version), write);
  });
  afterEach(() => store.close());

  const findings = async (heads: readonly SignedHead[] = []) => {
    const { ok, findings: found } = await store.verify({ heads });
    expect(ok).toBe(found.length === 0);
    return found.map(({ kind, position }) => `${kind} ${position}`);
  };

  test.each(['update rampart_log set kind = kind where position = 2', 'delete from rampart_log where position = 2'])(
    'refuses its owner: %s',
    async (sql) => {
      await expect(place.owner(sql)).rejects.toThrow(/append-only/);
      expect(await findings()).toEqual([]);
    },
  );

  test('refuses its owner to truncate it', async () => {
    await expect(place.owner('truncate table rampart_log')).rejects.toThrow(/append-only|foreign key/);
    expect(await findings()).toEqual([]);
  });

  test('is whole when nobody touched it', async () => {
    const head = await store.head();
    await store.apply(consent('7', 7), write);
    const { ok, entries, head: end } = await store.verify({ heads: [head] });
    expect({ ok, entries, position: end.position }).toEqual({ ok: true, entries: 7, position: 7 });
  });

  test.each([
    ['an entry', "update rampart_log set kind = 'choice' where position = 3", ['edited 3']],
    ['its time', 'update rampart_log set recorded_at = recorded_at + 1 where position = 1', ['edited 1']],
    ['its mac', "update rampart_log set mac = repeat('0', 64) where position = 3", ['edited 3']],
    ['its mac, taken away', 'update rampart_log set mac = null where position = 3', ['state 0', 'foreign 3']],
    ['the last one', "update rampart_log set kind = 'choice' where position = 6", ['edited 6']],
  ])('names an edited entry: %s', async (_what, sql, expected) => {
    await place.attack(sql);
    expect(await findings()).toEqual(expected);
  });

  test('names what an entry says, edited, and the state that differs then', async () => {
    await place.attack(`update rampart_detail set data = replace(data, '"version":3', '"version":9')
      where part = 'what' and id = (select id from rampart_log where position = 3)`);
    expect(await findings()).toEqual(['edited 3', 'state 3']);
  });

  test('names who made an entry, edited', async () => {
    await place.attack(`update rampart_detail set data = replace(data, 'ann', 'eve')
      where part = 'who' and id = (select id from rampart_log where position = 4)`);
    expect(await findings()).toEqual(['edited 4']);
  });

  test('names deleted entries', async () => {
    await place.attack('delete from rampart_log where position in (2, 4, 5)');
    expect((await findings()).filter((finding) => finding.startsWith('deleted'))).toEqual(['deleted 2', 'deleted 4']);
  });

  test('names the first entry, deleted', async () => {
    await place.attack('delete from rampart_log where position = 1');
    expect(await findings()).toContain('deleted 1');
  });

  test('names what an entry says, deleted without an erasure', async () => {
    await place.attack(`delete from rampart_detail
      where part = 'what' and id = (select id from rampart_log where position = 5)`);
    expect(await findings()).toContain('deleted 5');
  });

  test.each([
    ['neighbours', [3, 4]],
    ['others', [2, 5]],
    ['the ends', [1, 6]],
  ])('names reordered entries: %s', async (_which, [one = 0, other = 0]) => {
    await place.attack(`update rampart_log set position = -1 where position = ${one};
      update rampart_log set position = ${one} where position = ${other};
      update rampart_log set position = ${other} where position = -1`);
    const found = await findings();
    expect(found).toContain(`reordered ${one}`);
    expect(found).toContain(`reordered ${other}`);
    expect(found.filter((finding) => !/^(?:reordered|edited 6|state)/.test(finding))).toEqual([]);
  });

  test('names where an entry was taken out and the rest renumbered', async () => {
    await place.attack(`delete from rampart_log where position = 3;
      update rampart_log set position = position - 1 where position = 4;
      update rampart_log set position = position - 1 where position = 5;
      update rampart_log set position = position - 1 where position = 6;
      update rampart_head set position = 5, sealed = 5`);
    expect((await findings()).filter((finding) => !finding.startsWith('state'))).toEqual(['deleted 3']);
  });

  test('names where it was cut off', async () => {
    await place.attack('delete from rampart_log where position > 4');
    expect(await findings()).toContain('cut_off 5');
  });

  test('names where it was cut off together with its head and state, by an exported head only', async () => {
    const head = await store.head();
    await cutTo(4);
    expect(await findings()).toEqual([]);
    expect(await findings([head])).toEqual(['cut_off 5']);
  });

  test('sees that it was cut and grew again, by an exported head only', async () => {
    const [early, late] = [await headAt(2), await store.head()];
    await cutTo(4);
    for (const version of [8, 9, 10]) await store.apply(consent('9', version), write);
    expect(await findings([early])).toEqual([]);
    expect(await findings([early, late])).toEqual(['cut_off 6']);
  });

  test('names an entry that nobody with the secret wrote', async () => {
    await place.attack(`insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      select 7, 'forged', kind, subject, recorded_at, what, who, mac from rampart_log where position = 6;
      update rampart_head set position = 7, sealed = 7, mac = (select mac from rampart_log where position = 6)`);
    expect(await findings()).toContain('edited 7');
  });

  test('refuses heads that were tampered with, or are of another database', async () => {
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
  ])('names a row of the state that is not what the log says: %s', async (_how, sql, expected) => {
    await place.unseen(sql);
    expect(await findings()).toEqual([expected]);
  });

  test('another secret is refused', async () => {
    const other = openStore({ database: place.url, secret: 'another secret, of 32 characters' });
    await expect(other.readLog(0, 1)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/secret/),
    });
    await other.close();
  });

  test('an erasure leaves the chain whole, and nothing of the tenant', async () => {
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

  test('a tenant that a kill names is not erased before the kill is lifted', async () => {
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
    const found = await place.owner(`select mac from rampart_log where position = ${position}`);
    const rows = (Array.isArray(found) ? found[0] : (found as { rows: unknown }).rows) as readonly { mac: string }[];
    return createChain(SECRET).sign({ epoch, position, mac: rows[0]?.mac ?? '', at });
  }

  async function cutTo(position: number): Promise<void> {
    await place.attack(`update rampart_head set position = ${position}, sealed = ${position},
        mac = (select mac from rampart_log where position = ${position});
      delete from rampart_consent_terms where entry in (select id from rampart_log where position > ${position});
      delete from rampart_log where position > ${position}`);
    await place.owner('delete from rampart_detail where id not in (select id from rampart_log)');
    await place.unseen(`delete from tenant_ai_consents where tenant_id in ('5', '6')`);
  }
});
