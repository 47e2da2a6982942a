import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlChange } from '@rampart/core';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Attacked, attackedMariadb, attackedPostgres } from '../../test/attacked.js';
import type { ControlStore } from '../api/control-store.js';
import type { StoreOptions } from '../api/store-options.js';
import { openStore } from '../open-store.js';
import { commitment, createChain, type EntryRow } from './chain.js';

const OLD = 'the former secret, of 32 characters';
const NEW = 'the current secret, of 32 characters';
const WRONG = 'a secret that signed nothing at all';
const write = { actor: 'ann', reason: 'a test', expected: 'any' };
const consent = (tenant: string): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass: 'agent',
  consent: { state: 'opt_in', version: 1 },
});

const postgres = usePostgres();
const mariadb = useMariadb();
const opened: ControlStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

const open = (database: StoreOptions['database'], secret: string, ...acceptedSecrets: string[]): ControlStore => {
  const store = openStore({ database, secret, acceptedSecrets, timeoutMs: 10_000 });
  opened.push(store);
  return store;
};
const kindsOf = async (store: ControlStore) =>
  (await store.verify()).findings.map(({ kind, position }) => `${kind} ${position}`);
const refusal = { kind: 'refused', message: expect.stringMatching(/another secret.*RAMPART_ACCEPTED_SECRETS/) };

describe.each([
  { name: 'PostgreSQL', place: () => attackedPostgres(postgres()) },
  { name: 'MariaDB', place: () => attackedMariadb(mariadb()) },
])('a rotation of the secret on $name', ({ place }) => {
  test('older and newer processes write alternately before, during and after it', async () => {
    const { url } = await place();
    const [unprepared, older, newer] = [open(url, OLD), open(url, OLD, NEW), open(url, NEW, OLD)];
    await unprepared.migrate();
    let tenant = 0;
    const alternate = async (...stores: readonly ControlStore[]) => {
      for (const store of [...stores, ...stores]) await store.apply(consent(String(++tenant)), write);
      for (const store of stores) expect((await store.verify()).findings).toEqual([]);
    };
    await alternate(unprepared, older, newer);
    expect((await newer.verify()).signedWithSecret).toBe(false);
    const before = await older.head();

    const entry = await newer.rotateSecret({ actor: 'ann', reason: 'yearly' });
    expect(entry?.position).toBe(7);
    expect(await newer.rotateSecret({ actor: 'ann', reason: 'yearly' })).toBeUndefined();
    await alternate(older, newer);
    expect((await newer.verify({ heads: [before, await older.head()] })).findings).toEqual([]);

    // It ran before the rotation; it is closed like one that starts now.
    await expect(unprepared.readLog(0, 1)).rejects.toMatchObject(refusal);
    await expect(unprepared.apply(consent('99'), write)).rejects.toMatchObject(refusal);
    await expect(open(url, OLD).readLog(0, 1)).rejects.toMatchObject(refusal);

    const newest = open(url, NEW);
    await alternate(newer);
    await newest.apply(consent('50'), write);
    expect((await newer.verify()).findings).toEqual([]);
    const { entries } = await newer.entries({ kinds: ['rotate_secret'] });
    const [from, to] = [OLD, NEW].map((secret) => ({ secret: createChain(secret).keyCheck().slice(0, 8) }));
    expect(entries).toMatchObject([{ position: 7, actor: 'ann', reason: 'yearly', before: from, after: to }]);
    expect((await newest.readLog(6, 1)).entries).toEqual([{ position: 7, effect: { kind: 'none' } }]);
    const periods = await newest.secretPeriods();
    expect(periods).toMatchObject([
      { from: 1, fingerprint: from?.secret, option: 'none' },
      { from: 7, since: entries[0]?.at, fingerprint: to?.secret, option: 'secret' },
    ]);
  });

  test('writers under way are neither refused nor break the chain', async () => {
    const { url } = await place();
    const [older, newer] = [open(url, OLD, NEW), open(url, NEW, OLD)];
    await older.migrate();
    const writes = (start: number, store: ControlStore) =>
      Array.from({ length: 10 }, (_, index) => store.apply(consent(String(start + index)), write));
    const rotation = newer.apply(consent('1'), write).then(() => newer.rotateSecret(write));
    await Promise.all([...writes(100, older), ...writes(200, newer), rotation]);
    await Promise.all([...writes(300, older), ...writes(400, newer)]);
    expect(await newer.verify()).toMatchObject({ findings: [], entries: 42 });
  });

  test('can be undone, and repeated', async () => {
    const { url } = await place();
    const [older, newer] = [open(url, OLD, NEW), open(url, NEW, OLD)];
    await older.migrate();
    for (const store of [newer, older, newer]) {
      await store.rotateSecret(write);
      await store.apply(consent('1'), write);
    }
    expect((await newer.verify()).findings).toEqual([]);
    expect(await kindsOf(open(url, NEW))).toEqual(['secret_missing 1', 'secret_missing 3']);
  });

  describe('that is recorded', () => {
    let attacked: Attacked;
    let store: ControlStore;

    async function rotated(): Promise<void> {
      attacked = await place();
      store = open(attacked.url, NEW, OLD);
      const older = open(attacked.url, OLD);
      await older.migrate();
      for (const tenant of ['1', '2', '3']) await older.apply(consent(tenant), write);
      await store.rotateSecret(write);
      for (const tenant of ['5', '6']) await store.apply(consent(tenant), write);
    }

    test('leaves only the entries of a missing or wrong previous secret unproven', async () => {
      await rotated();
      for (const verifier of [open(attacked.url, NEW), open(attacked.url, NEW, WRONG)]) {
        const { ok, findings } = await verifier.verify();
        expect({ ok, findings }).toEqual({
          ok: false,
          findings: [
            { kind: 'secret_missing', position: 1, message: expect.stringMatching(/RAMPART_ACCEPTED_SECRETS/) },
          ],
        });
        expect(JSON.stringify(findings)).not.toContain(OLD);
      }
    });

    test.each([
      ['before it', "update rampart_log set kind = 'choice' where position = 2", 'edited 2'],
      ['it', 'update rampart_log set recorded_at = 1 where position = 4', 'edited 4'],
      ['after it', "update rampart_log set kind = 'choice' where position = 5", 'edited 5'],
      ['it, taken out', 'delete from rampart_log where position = 4', 'deleted 4'],
      [
        'what it says',
        "delete from rampart_detail where part = 'what' and id = (select id from rampart_log where position = 4)",
        'deleted 4',
      ],
    ])('does not hide an edited entry: %s', async (_which, sql, expected) => {
      await rotated();
      await attacked.attack(sql);
      expect(await kindsOf(store)).toContain(expected);
    });

    test('does not hide entries that the previous secret signed again', async () => {
      await rotated();
      const rows = await rowsOf(attacked, 'position <= 3');
      let mac = createChain(OLD).genesis((await store.head()).epoch);
      for (const row of rows) {
        mac = createChain(OLD).mac(mac, { ...row, recorded_at: row.recorded_at - 1 });
        await attacked.attack(
          `update rampart_log set recorded_at = recorded_at - 1, mac = '${mac}' where position = ${row.position}`,
        );
      }
      expect(await kindsOf(store)).toContain('foreign 4');
    });

    test('does not let the previous secret sign an entry', async () => {
      await rotated();
      await appendWith(OLD, {});
      expect(await kindsOf(store)).toContain('foreign 7');
      await store.apply(consent('8'), write);
      expect(await kindsOf(store)).toContain('foreign 7');
    });

    test('does not let the previous secret reverse the rotation', async () => {
      await rotated();
      const [from, to] = [createChain(NEW).keyCheck(), createChain(OLD).keyCheck()];
      const endorsement = createChain(OLD).endorse((await store.head()).mac, to);
      await appendWith(OLD, { rotation: { from, to, endorsement } });
      await attacked.attack(`update rampart_head set key_check = '${to}'`);
      expect(await kindsOf(store)).toContain('foreign 7');
      // Nor does a process that has the new secret alone follow.
      await expect(open(attacked.url, NEW).readLog(0, 1)).rejects.toMatchObject(refusal);
    });

    test('reports a head that names another secret without a rotation', async () => {
      await rotated();
      await attacked.attack(`update rampart_head set key_check = '${createChain(OLD).keyCheck()}'`);
      expect(await kindsOf(store)).toEqual(['foreign 6']);
      await store.apply(consent('8'), write);
      expect(await kindsOf(store)).toContain('foreign 7');
    });

    test('an exported head shows where it was cut off, and processes without the previous secret close', async () => {
      await rotated();
      const head = await store.head();
      await attacked.attack(`update rampart_head set position = 3, sealed = 3, key_check = '${createChain(OLD).keyCheck()}',
          mac = (select mac from rampart_log where position = 3);
        delete from rampart_log where position > 3`);
      const { findings } = await store.verify({ heads: [head] });
      expect(findings).toContainEqual(expect.objectContaining({ kind: 'cut_off' }));
      await expect(open(attacked.url, NEW).readLog(0, 1)).rejects.toMatchObject(refusal);
    });

    /** Appends an entry as a holder of a secret and of the database could. */
    async function appendWith(secret: string, { rotation }: { readonly rotation?: object }): Promise<void> {
      const { mac: previous, position } = await store.head();
      const [last] = await rowsOf(attacked, `position = ${position}`);
      if (last === undefined) throw new Error('no last entry');
      const data = JSON.stringify({ rotation });
      const salt = 'a'.repeat(32);
      const forged: EntryRow = {
        ...last,
        position: position + 1,
        id: 'forged',
        ...(rotation && { kind: 'rotate_secret', subject: '', what: commitment(salt, data) }),
      };
      const { id, kind, subject, recorded_at: at, what, who } = forged;
      const mac = createChain(secret).mac(previous, forged);
      await attacked.attack(`insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
          values (${forged.position}, '${id}', '${kind}', '${subject}', ${at}, '${what}', '${who}', '${mac}');
        update rampart_head set position = ${forged.position}, sealed = ${forged.position}, mac = '${mac}'`);
      if (rotation !== undefined)
        await attacked.owner(`insert into rampart_detail (id, part, subject, salt, data)
          values ('${id}', 'what', '', '${salt}', '${data}')`);
    }
  });
});

test('a rotation on MariaDB signs earlier entries of legacy code with the previous secret', async () => {
  const { url, owner } = await attackedMariadb(mariadb());
  const store = open(url, NEW, OLD);
  await open(url, OLD).migrate();
  const insert = (tenant: number) =>
    owner(`insert into tenant_ai_consents (tenant_id, feature_class, state, set_at)
      values (${tenant}, 'agent', 'opt_in', now())`);
  await insert(1);
  const entry = await store.rotateSecret(write);
  await insert(2);
  expect(entry?.position).toBe(2);
  expect(await store.verify()).toMatchObject({ findings: [], entries: 3, sealed: 1 });
});

describe('a rotation of the secret in an embedded folder', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  test('keeps one process after the other going', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rampart-secret-'));
    folders.push(folder);
    await prepareEmbedded(folder);
    const place = { folder };
    const inTurn = async <T>(store: ControlStore, use: () => Promise<T>): Promise<T> => {
      const result = await use();
      await store.close();
      return result;
    };
    const older = open(place, OLD);
    await older.migrate();
    await inTurn(older, () => older.apply(consent('1'), write));
    const newer = open(place, NEW, OLD);
    await inTurn(newer, async () => {
      await newer.apply(consent('2'), write);
      expect((await newer.rotateSecret(write))?.position).toBe(3);
      await newer.apply(consent('4'), write);
      expect((await newer.verify()).findings).toEqual([]);
    });
    const newest = open(place, NEW);
    await inTurn(newest, async () => {
      await newest.apply(consent('5'), write);
      expect(await kindsOf(newest)).toEqual(['secret_missing 1']);
    });
    const former = open(place, OLD);
    await inTurn(former, () => expect(former.readLog(0, 1)).rejects.toMatchObject(refusal));
  });
});

/** PostgreSQL's driver hands large numbers out as text. */
type DriverRow = Omit<EntryRow, 'position' | 'recorded_at'> &
  Readonly<Record<'position' | 'recorded_at', number | string>>;

async function rowsOf({ owner }: Attacked, where: string): Promise<readonly EntryRow[]> {
  const found = await owner(`select position, id, kind, subject, recorded_at, what, who from rampart_log
    where ${where} order by position`);
  const rows = (Array.isArray(found) ? found[0] : (found as { rows: unknown }).rows) as readonly DriverRow[];
  return rows.map((row) => ({ ...row, position: Number(row.position), recorded_at: Number(row.recorded_at) }));
}
