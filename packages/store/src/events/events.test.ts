import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isControlInputError } from '@rampart/core';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import type { EventQuery, Measurement } from '../api/measurement.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const postgres = usePostgres();
const mariadb = useMariadb();
const folders: string[] = [];

async function newFolder(): Promise<{ readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-events-'));
  folders.push(folder);
  await prepareEmbedded(folder);
  return { folder };
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

// One database for all tests of a place, which keep to tenants, names and ids of their own.
let numbers = 5_000;
const next = (): string => String(++numbers);
const event = (over: Partial<Measurement> = {}): Measurement => ({
  id: next(),
  name: 'quality',
  at: 1_000,
  source: 'service:test',
  ...over,
});

describe.each([
  { name: 'PGlite', place: newFolder },
  { name: 'PostgreSQL', place: () => postgres().newDatabase() },
  { name: 'MariaDB', place: () => mariadb().newDatabase() },
])('measurements on $name', ({ place }) => {
  let store: ControlStore;

  beforeAll(async () => {
    store = openStore({ database: await place(), secret: SECRET, timeoutMs: 10_000 });
    await store.migrate();
  });
  afterAll(() => store.close());

  const ids = async (query: EventQuery) => (await store.events(query)).events.map(({ id }) => id);

  test('come back as they went in', async () => {
    const [tenant, bare] = [next(), event({ name: 'bare', at: 1_763_700_000_123 })];
    const full = event({
      ...{ name: "it's \\ 🎈 ?", tenant, user: "o'brien ?", flag: "f'\\", change: 'f.c', variant: 'v', value: -0.1 },
      attributes: { comment: `"quoted" \\u0000 \${x} $1 -- \n ü`, nested: { list: [1, null, true] } },
    });
    expect(await store.recordEvents([full, bare])).toEqual({ recorded: 2, duplicates: 0 });
    const receivedAt = expect.any(Number);
    expect(await store.events({ tenant })).toEqual({ events: [{ ...full, receivedAt }] });
    const [found] = (await store.events({ name: 'bare' })).events;
    expect(found).toEqual({ ...bare, receivedAt });
    expect(Math.abs((found?.receivedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test.each([0.1 + 0.2, 1 / 3, -1e-7, 123_456_789.123_456_78, 5e-324, 1.797_693_134_862_315_7e308])(
    'a value keeps every digit: %s',
    async (value) => {
      const tenant = next();
      await store.recordEvents([event({ tenant, value })]);
      expect((await store.events({ tenant })).events[0]?.value).toBe(value);
    },
  );

  test('are recorded once by their id, and the first stays', async () => {
    const tenant = next();
    const [one, two, three] = [event({ tenant, at: 1 }), event({ tenant, at: 2 }), event({ tenant, at: 3 })];
    expect(await store.recordEvents([two, one, { ...one, value: 5 }])).toEqual({ recorded: 2, duplicates: 1 });
    expect(await store.recordEvents([{ ...one, tenant: next() }, three])).toEqual({ recorded: 1, duplicates: 1 });
    expect(await store.recordEvents([])).toEqual({ recorded: 0, duplicates: 0 });
    expect(await ids({ tenant })).toEqual([one.id, two.id, three.id]);
    expect((await store.events({ tenant })).events[0]).not.toHaveProperty('value');
  });

  test('are recorded once from concurrent overlapping batches in any order', async () => {
    const tenant = next();
    const all = Array.from({ length: 300 }, (_, at) => event({ tenant, at }));
    const parts = [all, all.toReversed(), all.slice(0, 200), all.slice(100), all.slice(50, 250).toReversed()];
    const counts = await Promise.all(parts.map((part) => store.recordEvents(part)));
    expect(counts.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(300);
    expect(counts.map(({ recorded, duplicates }) => recorded + duplicates)).toEqual([300, 300, 200, 200, 200]);
    expect((await store.events({ tenant })).events).toHaveLength(300);
  });

  test('pages lead to every one once, in the order in which they happened', async () => {
    const tenant = next();
    const all = [5, 1, 1, 1, 3, 9, 1].map((at) => event({ tenant, at }));
    await store.recordEvents(all);
    const found: { readonly at: number; readonly id: string }[] = [];
    let after: string | undefined;
    do {
      const page = await store.events({ tenant, after, limit: 2 });
      found.push(...page.events);
      after = page.next;
    } while (after !== undefined);
    expect(found.map(({ at }) => at)).toEqual([1, 1, 1, 1, 3, 5, 9]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(7);
  });

  test('filters', async () => {
    const [tenant, name] = [next(), `name-${next()}`];
    const [a, b, c] = [
      event({ tenant, name, at: 10, flag: 'ai.a', user: 'ann' }),
      event({ tenant, name, at: 20, flag: 'ai.b', user: 'bob' }),
      event({ tenant: next(), name, at: 30, flag: 'ai.a' }),
    ];
    await store.recordEvents([a, b, c]);
    expect(await ids({ name })).toEqual([a.id, b.id, c.id]);
    expect(await ids({ name, flag: 'ai.a' })).toEqual([a.id, c.id]);
    expect(await ids({ tenant })).toEqual([a.id, b.id]);
    expect(await ids({ tenant, user: 'bob' })).toEqual([b.id]);
    expect(await ids({ name, from: 20 })).toEqual([b.id, c.id]);
    expect(await ids({ name, to: 20 })).toEqual([a.id]);
  });

  test('go when their tenant or user is erased, and are exported before', async () => {
    const [tenant, other] = [next(), next()];
    const many = Array.from({ length: 1_000 }, () => event({ tenant, user: 'zoe' }));
    await store.recordEvents(many);
    await store.recordEvents(many.map(({ id, ...rest }) => ({ ...rest, id: `${id}-again` })));
    await store.recordEvents(many.map(({ id, ...rest }) => ({ ...rest, id: `${id}-more` })));
    const [ours, theirs] = [event({ tenant, value: 1 }), event({ tenant: other, user: 'zoe', value: 2 })];
    await store.recordEvents([ours, theirs]);
    const exported = async (user?: string) =>
      ((await store.exportData({ tenant, user })) as { readonly events: readonly { readonly id: string }[] }).events;
    expect(await exported('zoe')).toHaveLength(3_000);
    await store.erase({ tenant, user: 'zoe' }, { actor: 'dpo', reason: 'asked' });
    expect(await exported('zoe')).toEqual([]);
    expect((await exported()).map(({ id }) => id)).toEqual([ours.id]);
    await store.erase({ tenant }, { actor: 'dpo', reason: 'asked' });
    expect(await exported()).toEqual([]);
    expect(await ids({ tenant: other })).toEqual([theirs.id]);
    expect((await store.verify()).findings).toEqual([]);
  });

  test.each<[string, Partial<Measurement>, string]>([
    ['an id with a space', { id: 'a b' }, 'id'],
    ['an id too long', { id: 'x'.repeat(65) }, 'id'],
    ['a name too long', { name: 'x'.repeat(101) }, 'name'],
    ['no time', { at: Number.NaN }, 'at'],
    ['a value that is none', { value: Number.NaN }, 'value'],
    ['an infinite value', { value: Number.POSITIVE_INFINITY }, 'value'],
    ['a user without a tenant', { user: 'ann' }, 'user'],
    ['a tenant with a space', { tenant: '7 ' }, 'tenant'],
    ['a NUL', { attributes: { comment: 'a\0b' } }, 'attributes'],
    ['too much', { attributes: { comment: 'x'.repeat(8_001) } }, 'attributes'],
    ['no source', { source: '' }, 'source'],
  ])('a batch with %s is refused, all of it', async (_what, over, field) => {
    const tenant = next();
    const error = await store.recordEvents([event({ tenant }), event(over)]).catch((caught: unknown) => caught);
    expect(isControlInputError(error)).toBe(true);
    expect(error).toMatchObject({ field: `events.1.${field}` });
    expect(await ids({ tenant })).toEqual([]);
  });

  test('bad questions are refused', async () => {
    for (const query of [{ user: 'ann' }, { limit: 0 }, { limit: 1_001 }, { after: 'x' }, { from: -1 }]) {
      await expect(store.events(query)).rejects.toSatisfy(isControlInputError);
    }
    for (const query of [{ actor: 'a\0' }, { flag: 'a\0' }, { tenant: '1', user: '\0' }]) {
      await expect(store.entries(query)).rejects.toSatisfy(isControlInputError);
    }
    for (const query of [{ id: '\0' }, { tenant: '1', user: '\0' }]) {
      await expect(store.items(query)).rejects.toSatisfy(isControlInputError);
    }
    const many = Array.from({ length: 1_001 }, () => event());
    await expect(store.recordEvents(many)).rejects.toThrow(/events = "1001 of them"/);
  });

  // After all the others: theirs happened in 1970.
  test('expired ones are deleted in batches, also by several processes at once', async () => {
    const tenant = next();
    const day = 86_400_000;
    const [now, yesterday] = [event({ tenant, at: Date.now() }), event({ tenant, at: Date.now() - day - 60_000 })];
    const kept = event({ tenant, name: 'labels' });
    await store.recordEvents([now, yesterday, kept]);
    for (let batch = 0; batch < 5; batch += 1)
      await store.recordEvents(Array.from({ length: 1_000 }, () => event({ tenant })));
    const query = { olderThanMs: 2 * day, exceptNames: ['labels'] };
    const dropped = await Promise.all([store.deleteExpiredEvents(query), store.deleteExpiredEvents(query)]);
    expect(dropped[0] + dropped[1]).toBeGreaterThanOrEqual(5_000);
    expect(await ids({ tenant })).toEqual([kept.id, yesterday.id, now.id]);
    expect(await store.deleteExpiredEvents({ ...query, olderThanMs: day })).toBe(1);
    expect(await ids({})).toEqual([kept.id, now.id]);
    await expect(store.deleteExpiredEvents({ olderThanMs: -1 })).rejects.toThrow(/olderThanMs = -1/);
  });

  test('consents are counted by class', async () => {
    const featureClass = `class_${next()}`;
    const say = (state: 'opt_in' | 'opt_out' | 'unset') =>
      store.apply(
        { kind: 'consent', tenant: next(), featureClass, consent: { state } },
        { actor: 'ann', reason: 'a test' },
      );
    for (const state of ['opt_in', 'opt_in', 'opt_out', 'unset'] as const) await say(state);
    expect(await store.consentCounts()).toContainEqual({ featureClass, optIn: 2, optOut: 1 });
  });
});
