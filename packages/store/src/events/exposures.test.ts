import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isControlInputError } from '@rampart/core';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlStore } from '../api/control-store.js';
import type { ExposureQuery, SubjectExposures } from '../api/exposure.js';
import type { Measurement } from '../api/measurement.js';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const CHANGE = 'ai.copilot.v18';
const postgres = usePostgres();
const mariadb = useMariadb();
const folders: string[] = [];

async function newFolder(): Promise<{ readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-exposures-'));
  folders.push(folder);
  await prepareEmbedded(folder);
  return { folder };
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

let count = 0;
const exposure = (over: Partial<Measurement>): Measurement => ({
  id: `e-${String((count += 1)).padStart(6, '0')}`,
  name: 'exposure',
  at: 1_000,
  flag: 'ai.copilot',
  change: CHANGE,
  source: 'gateway',
  ...over,
});

describe.each([
  { name: 'PGlite', place: newFolder },
  { name: 'PostgreSQL', place: () => postgres().newDatabase() },
  { name: 'MariaDB', place: () => mariadb().newDatabase() },
])('exposures on $name', ({ place }) => {
  let store: ControlStore;

  beforeAll(async () => {
    store = openStore({ database: await place(), secret: SECRET, timeoutMs: 10_000 });
    await store.migrate();
    await store.recordEvents([
      exposure({ at: 1_000, tenant: '1', user: 'ann', variant: 'a' }),
      exposure({ at: 3_000, tenant: '1', user: 'ann', variant: 'a' }),
      exposure({ at: 2_000, tenant: '1', user: 'bob', variant: 'b' }),
      exposure({ at: 2_000, tenant: '2', variant: 'a' }),
      exposure({ at: 4_000 }),
      exposure({ at: 1_500, tenant: '1', user: 'ann', change: 'ai.copilot.v17' }),
      exposure({ at: 1_500, tenant: '1', user: 'ann', name: 'quality', value: 1 }),
    ]);
  });
  afterAll(() => store.close());

  const read = async (query: Partial<ExposureQuery> = {}) => store.exposures({ change: CHANGE, ...query });
  const subjects = async (query: Partial<ExposureQuery> = {}) => (await read(query)).subjects;
  const ANN: SubjectExposures = { tenant: '1', user: 'ann', variant: 'a', first: 1_000, last: 3_000, count: 2 };
  const BOB: SubjectExposures = { tenant: '1', user: 'bob', variant: 'b', first: 2_000, last: 2_000, count: 1 };
  const TENANT_2: SubjectExposures = { tenant: '2', variant: 'a', first: 2_000, last: 2_000, count: 1 };
  const NAMELESS: SubjectExposures = { first: 4_000, last: 4_000, count: 1 };

  test('are grouped by tenant, user and variant, with their first and last time', async () => {
    const page = await read();
    expect(page).not.toHaveProperty('next');
    expect(page.subjects).toHaveLength(4);
    expect(page.subjects).toEqual(expect.arrayContaining([ANN, BOB, TENANT_2, NAMELESS]));
    expect(page.subjects[0]).toEqual(ANN);
  });

  test('are filtered by variant, tenant, user and time', async () => {
    expect(await subjects({ variant: 'b' })).toEqual([BOB]);
    expect(await subjects({ tenant: '1' })).toEqual([ANN, BOB]);
    expect(await subjects({ tenant: '1', user: 'bob' })).toEqual([BOB]);
    expect(await subjects({ from: 2_001 })).toEqual([{ ...ANN, first: 3_000, count: 1 }, NAMELESS]);
    expect(await subjects({ to: 2_000 })).toEqual([{ ...ANN, last: 1_000, count: 1 }]);
    expect(await subjects({ change: 'ai.copilot.v16' })).toEqual([]);
  });

  test('pages lead to every exposure once, and each reads no more than its limit', async () => {
    const pages = [];
    let after: string | undefined;
    do {
      const page = await read({ after, limit: 2 });
      pages.push(page.subjects.reduce((sum, subject) => sum + subject.count, 0));
      after = page.next;
    } while (after !== undefined);
    expect(pages).toEqual([2, 2, 1]);
    expect(await read({ limit: 5 })).not.toHaveProperty('next');
    // The one exposure that matches is the last: the page before it is empty and says where to go on.
    const empty = await read({ variant: 'a', tenant: '2', limit: 1 });
    expect(empty).toEqual({ subjects: [], next: expect.any(String) });
    expect(await subjects({ variant: 'a', tenant: '2', after: empty.next })).toEqual([TENANT_2]);
    expect(await subjects({ after: empty.next, from: 4_000 })).toEqual([NAMELESS]);
  });

  test('list each measured change once', async () => {
    expect(await store.exposedChanges()).toEqual(['ai.copilot.v17', CHANGE]);
  });

  test('of an erased user or tenant are in no answer', async () => {
    const erased = { actor: 'dpo', reason: 'asked' };
    const change = 'ai.copilot.erased';
    await store.recordEvents(['cy', 'dan'].map((user) => exposure({ change, tenant: '3', user })));
    await store.erase({ tenant: '3', user: 'cy' }, erased);
    expect((await subjects({ change })).map(({ user }) => user)).toEqual(['dan']);
    await store.erase({ tenant: '3' }, erased);
    expect(await subjects({ change })).toEqual([]);
  });

  test.each<[string, Partial<ExposureQuery>]>([
    ['change', { change: ' v18' }],
    ['user', { user: 'ann' }],
    ['limit', { limit: 0 }],
    ['limit', { limit: 5_001 }],
    ['after', { after: 'x' }],
    ['from', { from: -1 }],
  ])('a query with a bad %s is refused', async (field, query) => {
    const error = await read(query).catch((caught: unknown) => caught);
    expect(isControlInputError(error)).toBe(true);
    expect(error).toMatchObject({ field });
  });
});

test('exposures of a change are looked up in an index over change and time', async () => {
  const store = openStore({ database: postgres().url, secret: SECRET, timeoutMs: 10_000 });
  await store.migrate();
  await store.close();
  const plan = await postgres().query(
    `explain select happened_at, id from rampart_event where name = 'exposure' and change_flag = 'x' and happened_at >= 5
      order by happened_at, id limit 1 offset 4999`,
  );
  expect(JSON.stringify(plan)).toMatch(/Index Only Scan using rampart_event_change/);
});
