import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { service, tenantAdmin, useGateway } from './fixture.js';

const gateway = useGateway();
let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true });
});

let tenants = 0;
/** A tenant of the test's own, and what its administrator asks. */
async function newTenant(user = 'ana') {
  const tenant = `t${(tenants += 1)}`;
  const headers = await tenantAdmin(tenant, user);
  const ask = async (method: 'GET' | 'PUT', path: string, body?: object, as: Record<string, string> = headers) => {
    const url = `/v1/tenants/${tenant}${path}`;
    const response = await app.inject({ method, url, headers: as, ...(body && { payload: body }) });
    return { status: response.statusCode, body: response.json() };
  };
  return {
    tenant,
    ask,
    put: (path: string, body: object) => ask('PUT', path, body),
    get: (path: string) => ask('GET', path),
  };
}

describe('consent', () => {
  test('what nobody said is unset, and the class says what it asks for', async () => {
    const { tenant, get } = await newTenant();
    expect(await get('/consents')).toEqual({
      status: 200,
      body: { tenant, consents: [{ featureClass: 'copilot', state: 'unset', model: 'opt_in' }] },
    });
  });

  test('opt in with a version, out, and back to unset: each answers its revision', async () => {
    const { get, put } = await newTenant();
    const given = await put('/consents/copilot', { state: 'opt_in', version: 3, reason: 'signed' });
    expect(given).toEqual({ status: 200, body: { revision: expect.stringMatching(/^[0-9a-f]+\.\d+$/) } });
    expect((await get('/consents')).body.consents).toEqual([
      {
        ...{ featureClass: 'copilot', model: 'opt_in', state: 'opt_in', version: 3 },
        ...{ revision: given.body.revision, actor: 'ana', reason: 'signed', at: expect.any(Number) },
      },
    ]);
    const out = await put('/consents/copilot', { state: 'opt_out' });
    const unset = await put('/consents/copilot', { state: 'unset', expected: out.body.revision });
    expect(unset.status).toBe(200);
    expect((await get('/consents')).body.consents[0]).toMatchObject({ state: 'unset', reason: 'none given' });
  });

  test('who read an older state learns both sides; an opt-out never waits for that', async () => {
    const { get, put } = await newTenant();
    const first = (await put('/consents/copilot', { state: 'opt_in', version: 1 })).body.revision;
    await put('/consents/copilot', { state: 'opt_in', version: 2, expected: first });
    const refused = await put('/consents/copilot', { state: 'opt_in', version: 7, expected: first });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'conflict' });
    expect(JSON.stringify(refused.body)).toMatch(/"version":2.*"version":7/);
    expect((await put('/consents/copilot', { state: 'opt_in', version: 7 })).status).toBe(409);
    expect((await put('/consents/copilot', { state: 'opt_out', expected: first })).status).toBe(200);
    expect((await get('/consents')).body.consents[0].state).toBe('opt_out');
  });

  test('a decision that names the revision is at least that fresh', async () => {
    const { tenant, put } = await newTenant();
    const { revision } = (await put('/consents/copilot', { state: 'opt_in' })).body;
    expect(revision).toBeDefined();
    const history = await app.inject({
      url: `/v1/tenants/${tenant}/history`,
      headers: service.headers,
    });
    expect(history.json().entries[0].revision).toBe(revision);
  });

  test('a class that no flag and no stored model declares is refused, also for a choice, and named', async () => {
    const { get, put } = await newTenant();
    for (const [path, body] of [
      ['/consents/copilott', { state: 'opt_in' }],
      ['/consents/copilott', { state: 'opt_out' }],
      ['/users/bob/choices/copilott', { choice: 'opt_out' }],
    ] as const) {
      const refused = await put(path, body);
      expect(refused).toMatchObject({ status: 400, body: { code: 'unknown_class', field: 'featureClass' } });
      expect(JSON.stringify(refused.body)).not.toContain('copilott');
    }
    expect((await get('/consents')).body.consents).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ['an unknown state', { state: 'yes' }, 'state'],
    ['an unknown field', { state: 'opt_in', tenant: 'other' }, 'a field that is not known'],
    ['a version below 0', { state: 'opt_in', version: -1 }, 'version'],
    ['a revision that is none', { state: 'opt_in', expected: 'yesterday' }, 'expected'],
    ['somebody else as actor', { state: 'opt_in', actor: 'mallory' }, 'actor'],
  ])('%s is refused and named, without what was sent', async (_what, body, field) => {
    const { get, put } = await newTenant();
    const refused = await put('/consents/copilot', body);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain(field);
    expect(JSON.stringify(refused.body)).not.toMatch(/mallory|yesterday|"other"/);
    expect((await get('/consents')).body.consents[0].state).toBe('unset');
  });
});

describe('preferences', () => {
  test('mode and bands are chosen, read, and replaced as a whole', async () => {
    const { get, put } = await newTenant();
    expect((await get('/preferences')).body).toEqual({});
    const first = await put('/preferences', { mode: 'confirmation', bands: { autoAbove: 0.99 } });
    expect((await get('/preferences')).body).toMatchObject({
      ...{ mode: 'confirmation', bands: { autoAbove: 0.99 }, actor: 'ana' },
      revision: first.body.revision,
    });
    expect((await put('/preferences', { mode: 'autonomous' })).status).toBe(409);
    expect((await put('/preferences', { mode: 'autonomous', expected: first.body.revision })).status).toBe(200);
    expect((await get('/preferences')).body).not.toHaveProperty('bands');
  });

  test('what only makes it safer never waits for a conflict', async () => {
    const { put } = await newTenant();
    const first = await put('/preferences', { mode: 'confirmation', bands: { autoAbove: 0.9 } });
    await put('/preferences', { mode: 'suggestion', bands: { autoAbove: 0.95 }, expected: first.body.revision });
    const stale = { expected: first.body.revision };
    expect((await put('/preferences', { mode: 'shadow', bands: { autoAbove: 0.95 }, ...stale })).status).toBe(200);
    expect((await put('/preferences', { mode: 'shadow', bands: { autoAbove: 0.9 }, ...stale })).status).toBe(409);
    expect((await put('/preferences', { mode: 'suggestion', bands: { autoAbove: 0.95 }, ...stale })).status).toBe(409);
    expect((await put('/preferences', { mode: 'shadow' })).status).toBe(409);
  });

  test.each([{ mode: 'wild' }, { bands: { autoAbove: 2 } }, { bands: { other: 1 } }])('%o is refused', async (body) => {
    const { put } = await newTenant();
    expect((await put('/preferences', body)).status).toBe(400);
  });
});

describe('choices of one user', () => {
  test('out of a class or of all AI, listed, and taken back', async () => {
    const { get, put } = await newTenant();
    const all = await put('/users/bob/choices/*', { choice: 'opt_out', reason: 'asked' });
    await put('/users/bob/choices/copilot', { choice: 'opt_out' });
    expect((await get('/users/bob/choices')).body).toMatchObject({
      user: 'bob',
      choices: [
        { featureClass: '*', choice: 'opt_out', reason: 'asked', revision: all.body.revision },
        { featureClass: 'copilot', choice: 'opt_out' },
      ],
    });
    expect((await put('/users/bob/choices/*', { choice: 'unset' })).status).toBe(409);
    expect((await put('/users/bob/choices/*', { choice: 'unset', expected: all.body.revision })).status).toBe(200);
    expect((await get('/users/bob/choices')).body.choices).toMatchObject([{ featureClass: 'copilot' }]);
    expect((await get('/users/eve/choices')).body.choices).toEqual([]);
  });

  test('nobody opts in for somebody else', async () => {
    const { ask, put } = await newTenant('ana');
    expect((await put('/users/bob/choices/copilot', { choice: 'opt_in' })).status).toBe(403);
    expect((await put('/users/ana/choices/copilot', { choice: 'opt_in' })).status).toBe(200);
    const byService = (actor: string) =>
      ask('PUT', '/users/bob/choices/copilot', { choice: 'opt_in', actor }, service.headers);
    expect((await byService('ana')).status).toBe(403);
    expect((await byService('bob')).status).toBe(200);
  });
});

describe('a user’s own opt-out', () => {
  async function optedOut() {
    const { tenant, ask, put, get } = await newTenant('ana');
    const asBob = (choice: string, more: object = {}) =>
      ask('PUT', '/users/bob/choices/copilot', { choice, actor: 'bob', ...more }, service.headers);
    const own = await asBob('opt_out', { reason: 'mine' });
    expect(own.status).toBe(200);
    const choices = async () => (await get('/users/bob/choices')).body.choices;
    return { tenant, ask, put, asBob, choices, revision: own.body.revision as string };
  }

  test('is taken back by nobody else, whatever was read', async () => {
    const { ask, put, choices, revision } = await optedOut();
    for (const expected of [undefined, revision, 'any', revision.replace(/\d+$/, '999999')]) {
      const refused = await put('/users/bob/choices/copilot', { choice: 'unset', ...(expected && { expected }) });
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    }
    const byService = { choice: 'unset', actor: 'carol', expected: 'any' };
    expect((await ask('PUT', '/users/bob/choices/copilot', byService, service.headers)).status).toBe(403);
    expect(await choices()).toMatchObject([{ choice: 'opt_out', actor: 'bob', reason: 'mine' }]);
  });

  test('is not replaced by an opt-out that somebody else could take back', async () => {
    const { put, choices, revision } = await optedOut();
    expect(await put('/users/bob/choices/copilot', { choice: 'opt_out' })).toEqual({ status: 200, body: { revision } });
    expect((await put('/users/bob/choices/copilot', { choice: 'unset', expected: 'any' })).status).toBe(403);
    expect(await choices()).toMatchObject([{ choice: 'opt_out', actor: 'bob' }]);
  });

  test('counts also after an administrator’s, and at the same time as one', async () => {
    const { put, asBob, choices } = await optedOut();
    const everyone = '/users/bob/choices/*';
    expect((await put(everyone, { choice: 'opt_out' })).status).toBe(200);
    expect((await put(everyone, { choice: 'unset', expected: 'any' })).status).toBe(200);
    const { revision } = (await asBob('unset', { expected: 'any' })).body;
    expect(await choices()).toEqual([]);
    const written = await Promise.all([
      ...[1, 2, 3].map(() => put('/users/bob/choices/copilot', { choice: 'opt_out' })),
      asBob('opt_out', { expected: revision }),
      ...[1, 2, 3].map(() => put('/users/bob/choices/copilot', { choice: 'unset', expected: 'any' })),
    ]);
    expect(written[3]?.status).toBe(200);
    expect(await choices()).toMatchObject([{ choice: 'opt_out', actor: 'bob' }]);
  });

  test('is the user’s to take back', async () => {
    const { asBob, choices } = await optedOut();
    expect((await asBob('unset', { expected: 'any' })).status).toBe(200);
    expect(await choices()).toEqual([]);
  });
});

test('the history holds what the tenant’s people did, in pages, and nothing of others', async () => {
  const { get, put } = await newTenant();
  await (await newTenant()).put('/consents/copilot', { state: 'opt_out' });
  await put('/consents/copilot', { state: 'opt_in', version: 1, reason: 'one' });
  await put('/users/bob/choices/*', { choice: 'opt_out' });
  await put('/preferences', { mode: 'shadow' });
  const first = (await get('/history?limit=2')).body;
  expect(first.entries).toEqual([
    expect.objectContaining({
      ...{ kind: 'consent', featureClass: 'copilot', before: null, after: { state: 'opt_in', version: 1 } },
      ...{ actor: 'ana', reason: 'one', erased: false },
    }),
    expect.objectContaining({ kind: 'choice', user: 'bob', featureClass: '*', after: 'opt_out' }),
  ]);
  const second = (await get(`/history?limit=2&after=${first.next}`)).body;
  expect(second).toEqual({ entries: [expect.objectContaining({ kind: 'preference', after: { mode: 'shadow' } })] });
  expect((await get('/history?limit=0')).status).toBe(400);
  expect((await get('/history?tenant=other')).status).toBe(400);
});

test('a service with the permission acts for any tenant, and says who decided', async () => {
  const { ask, get } = await newTenant();
  const refused = await ask('PUT', '/consents/copilot', { state: 'opt_in' }, service.headers);
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body)).toContain('actor');
  await ask('PUT', '/consents/copilot', { state: 'opt_in', actor: 'carol' }, service.headers);
  expect((await get('/consents')).body.consents[0]).toMatchObject({ state: 'opt_in', actor: 'carol' });
});
