import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { newKey, operator, page, service, tenantAdmin, useGateway, userToken } from './fixture.js';

const gateway = useGateway();
const lookup = (tenant: string) => {
  if (tenant.startsWith('unreachable')) return Promise.reject(new Error(`no answer about ${tenant}`));
  return tenant.startsWith('clinic') ? { labels: ['hipaa'] } : undefined;
};
let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true, directory: { lookup }, exposures: true });
});

async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, as = operator.headers) {
  const url = `/v1/operator${path}`;
  const response = await app.inject({ method, url, headers: as, ...(body && { payload: body }) });
  return { status: response.statusCode, body: response.json() };
}

let tenants = 0;
const newTenant = (): string => `tenant-${(tenants += 1)}`;
const optIn = async (tenant: string) =>
  app.inject({
    method: 'PUT',
    url: `/v1/tenants/${tenant}/consents/copilot`,
    headers: service.headers,
    payload: { state: 'opt_in', actor: 'ana' },
  });
const contextOf = (tenant: string) => ({ targetingKey: 'ada', tenantId: tenant, tier: 'pro', labels: [] as string[] });
const isOn = async (tenant: string) => {
  const context = contextOf(tenant);
  return (await ask('POST', '/explain', { flag: 'ai.copilot', context })).body.decision.enabled as boolean;
};

describe('kills', () => {
  test('a kill closes at once, is listed, and is revived with a fix alone', async () => {
    const tenant = newTenant();
    await optIn(tenant);
    expect(await isOn(tenant)).toBe(true);
    const made = await ask('POST', '/kills', { scope: { feature: 'ai.copilot', tenant }, reason: 'odd answers' });
    expect(made).toMatchObject({
      status: 201,
      body: { action: 'kill', settled: true, control: { state: 'held' }, unleash: { state: 'not_needed' } },
    });
    expect(await isOn(tenant)).toBe(false);
    const { id } = made.body;
    expect((await ask('GET', '/kills')).body.kills).toContainEqual(
      expect.objectContaining({
        id,
        reason: 'odd answers',
        actor: 'on-call',
        scope: { feature: 'ai.copilot', tenant },
      }),
    );
    expect((await ask('POST', `/kills/${id}/revive`, { reason: 'mended' })).status).toBe(400);
    expect((await ask('POST', `/kills/${id}/revive`, { reason: 'mended', fix: ' ' })).status).toBe(400);
    expect(await isOn(tenant)).toBe(false);
    const revived = await ask('POST', `/kills/${id}/revive`, { reason: 'mended', fix: 'PR 12' });
    expect(revived).toMatchObject({ status: 201, body: { action: 'revive', id, control: { state: 'held' } } });
    expect(await isOn(tenant)).toBe(true);
    expect((await ask('POST', `/kills/${id}/revive`, { reason: 'mended', fix: 'PR 12' })).status).toBe(404);
  });

  test('a kill of a feature says that Unleash was not told where no admin token is configured', async () => {
    const { body, status } = await ask('POST', '/kills', { scope: { feature: 'ai.other' }, reason: 'r' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ settled: false, unleash: { state: 'pending', error: expect.any(String) } });
    await ask('POST', `/kills/${body.id}/revive`, { reason: 'mended', fix: 'PR 12' });
  });

  test.each<[object, string]>([
    [{ scope: {}, reason: 'r' }, 'scope'],
    [{ scope: { feature: 'f' } }, 'reason'],
    [{ scope: { feature: ' f' }, reason: 'r' }, 'scope.feature = " f"'],
    [{ scope: { feature: 'f', other: 1 }, reason: 'r' }, 'scope'],
    [{ scope: { feature: 'f' }, reason: 'a\0b' }, 'reason'],
  ])('%o is refused, naming %s', async (body, named) => {
    const { kills } = (await ask('GET', '/kills')).body;
    const refused = await ask('POST', '/kills', body);
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toContain(named);
    expect((await ask('GET', '/kills')).body.kills).toEqual(kills);
  });
});

describe('overrides', () => {
  test('forced off, listed, changed, lifted', async () => {
    const tenant = newTenant();
    await optIn(tenant);
    const until = Date.now() + 60_000;
    const off = { tenant, flag: 'ai.copilot', force: 'off', reason: 'asked', until };
    const made = await ask('POST', '/overrides', off);
    expect(made.status).toBe(201);
    expect(await isOn(tenant)).toBe(false);
    const { id, revision } = made.body;
    expect((await ask('GET', `/overrides?tenant=${tenant}`)).body.overrides).toEqual([
      { ...off, id, revision, ended: false, actor: 'on-call', at: expect.any(Number) },
    ]);
    expect((await ask('POST', '/overrides', { ...off, id, force: 'on' })).status).toBe(409);
    expect((await ask('POST', '/overrides', { ...off, id, force: 'on', expected: revision })).status).toBe(201);
    expect(await isOn(tenant)).toBe(true);
    expect((await ask('DELETE', `/overrides/${id}?tenant=other&reason=done`)).status).toBe(404);
    expect((await ask('DELETE', `/overrides/${id}?tenant=${tenant}&reason=done`)).status).toBe(200);
    expect((await ask('GET', `/overrides?tenant=${tenant}`)).body.overrides).toEqual([]);
  });

  test('a flag that Unleash does not have is refused, and recorded with unknownOk', async () => {
    const misspelt = {
      tenant: newTenant(),
      flag: 'ai.copillot',
      force: 'off',
      reason: 'r',
      until: Date.now() + 60_000,
    };
    expect(await ask('POST', '/overrides', misspelt)).toMatchObject({
      status: 400,
      body: { code: 'unknown_flag', detail: expect.stringContaining('unknownOk'), field: 'flag' },
    });
    expect((await ask('GET', `/overrides?tenant=${misspelt.tenant}`)).body.overrides).toEqual([]);
    expect((await ask('POST', '/overrides', { ...misspelt, unknownOk: true })).status).toBe(201);
  });

  test('one that has ended already is refused', async () => {
    const past = { tenant: 't', flag: 'f', force: 'on', reason: 'r', until: 5 };
    expect((await ask('POST', '/overrides', past)).body.detail).toContain('until');
  });
});

test('the audit is filtered and paged', async () => {
  const [tenant, flag] = [newTenant(), `ai.${newTenant()}`];
  await optIn(tenant);
  const kill = (await ask('POST', '/kills', { scope: { change: flag }, reason: 'one' })).body;
  await ask('POST', `/kills/${kill.id}/revive`, { reason: 'two', fix: 'PR 7' });
  const kindsOf = async (query: string) => {
    const { body } = await ask('GET', `/audit?${query}`);
    return (body.entries as { kind: string }[]).map(({ kind }) => kind);
  };
  expect(await kindsOf(`tenant=${tenant}`)).toEqual(['consent']);
  expect(await kindsOf(`flag=${flag}`)).toEqual(['kill', 'revive']);
  expect(await kindsOf(`flag=${flag}&kinds=revive`)).toEqual(['revive']);
  expect(await kindsOf(`tenant=${tenant}&kinds=kill&kinds=consent`)).toEqual(['consent']);
  expect(await kindsOf('actor=nobody')).toEqual([]);
  const first = (await ask('GET', `/audit?flag=${flag}&limit=1`)).body;
  expect(first.entries).toMatchObject([{ kind: 'kill', actor: 'on-call', reason: 'one', flag, before: null }]);
  const second = (await ask('GET', `/audit?flag=${flag}&limit=1&after=${first.next}`)).body;
  expect(second.entries).toMatchObject([{ kind: 'revive', reason: 'two (fix: PR 7)' }]);
  for (const bad of ['kinds=all', 'limit=0', 'user=ann', 'from=yesterday', 'order=desc', 'actor=%00', 'flag=a%00b']) {
    expect((await ask('GET', `/audit?${bad}`)).status, bad).toBe(400);
  }
});

describe('explain', () => {
  test('tells of every gate what it saw, for whoever is named', async () => {
    const { status, body } = await ask('POST', '/explain', { flag: 'ai.copilot', context: contextOf(newTenant()) });
    expect(status).toBe(200);
    expect(body.decision).toMatchObject({ outcome: 'consent_required', gate: 'consent' });
    expect(body.gates).toContainEqual(
      expect.objectContaining({ gate: 'consent', flag: 'ai.copilot', open: false, detail: 'unset' }),
    );
    expect(body.gates).toContainEqual(expect.objectContaining({ gate: 'tier', open: true }));
  });

  test('of a flag that is none, and with a context too deep', async () => {
    expect((await ask('POST', '/explain', { flag: 'nope' })).body.gates).toMatchObject([{ gate: 'flag', open: false }]);
    const context = { a: { b: { c: { d: { e: 1 } } } } };
    expect((await ask('POST', '/explain', { flag: 'ai.copilot', context })).status).toBe(400);
  });
});

test('the features with their changes, kills and who agreed', async () => {
  const own = await gateway();
  const headers = operator.headers;
  for (const [tenant, state] of [
    ['a', 'opt_in'],
    ['b', 'opt_in'],
    ['c', 'opt_out'],
  ] as const) {
    const payload = { state, actor: 'ana' };
    const url = `/v1/tenants/${tenant}/consents/copilot`;
    await own.inject({ method: 'PUT', url, headers: service.headers, payload });
  }
  const kill = (scope: object) =>
    own.inject({ method: 'POST', url: '/v1/operator/kills', headers, payload: { scope, reason: 'r' } });
  const list = async () => (await own.inject({ url: '/v1/operator/features', headers })).json().features;
  expect(await list()).toEqual([
    {
      ...{ name: 'ai.copilot', enabled: true, killed: false, kills: [], problems: [], featureClass: 'copilot' },
      ...{ consent: 'opt_in', minTier: 'pro', exclude: ['hipaa'], maxMode: 'autonomous', priority: 'P2' },
      tenants: { optedIn: 2, optedOut: 1 },
      changes: [
        {
          ...{ name: 'ai.copilot.v1', enabled: true, killed: false, kills: [], problems: [] },
          rules: [
            {
              ...{ stage: 'ga', rollout: 100, mode: 'confirmation', tenants: [], tiers: [], regions: [] },
              variants: ['blue'],
            },
          ],
        },
      ],
    },
  ]);
  const partly = (await kill({ tenant: 'a' })).json().id;
  expect(await list()).toMatchObject([
    { killed: false, kills: [partly], changes: [{ killed: false, kills: [partly] }] },
  ]);
  const change = (await kill({ change: 'ai.copilot.v1' })).json().id;
  expect(await list()).toMatchObject([{ killed: false, changes: [{ killed: true, kills: [partly, change] }] }]);
  await kill({ all: true });
  expect(await list()).toMatchObject([{ killed: true, changes: [{ killed: true }] }]);
});

describe('the exposure audit', () => {
  const now = Date.now();
  const audit = async (more: object = {}) =>
    (await ask('POST', '/exposure-audit', { from: 0, to: Date.now() + 60_000, ...more })).body;
  let ids = 0;
  const record = async (...events: object[]) => {
    const sent = events.map((event) => ({
      id: `e-${(ids += 1)}`,
      name: 'exposure',
      flag: 'ai.copilot',
      at: now,
      ...event,
    }));
    const url = '/v1/events';
    const response = await app.inject({ method: 'POST', url, headers: service.headers, payload: { events: sent } });
    expect(response.statusCode).toBe(200);
  };
  const of = (tenant: string) => expect.objectContaining({ tenant });
  const isKilled = async (tenant: string) => {
    const context = contextOf(tenant);
    return (await ask('POST', '/explain', { flag: 'ai.copilot', context })).body.decision.gate === 'kill';
  };

  test('finds who was served though the exposure itself carries the label, and kills that tenant alone', async () => {
    const [tenant, other] = [newTenant(), newTenant()];
    await record(
      { tenantId: tenant, attributes: { labels: ['hipaa', 'x'] }, at: now - 5 },
      { tenantId: tenant, attributes: { labels: 'hipaa' } },
      { tenantId: other, attributes: { labels: ['x'] } },
    );
    const { found } = await audit();
    expect(found).toContainEqual({
      ...{ feature: 'ai.copilot', tenant, labels: ['hipaa'], exposures: 2, first: now - 5, last: now },
      ...{ state: 'killed', kill: expect.stringMatching(/^exposure-/) },
    });
    expect(found).not.toContainEqual(of(other));
    expect(await isKilled(tenant)).toBe(true);
    expect(await isKilled(other)).toBe(false);
    const { entries } = (await ask('GET', `/audit?tenant=${tenant}&kinds=kill`)).body;
    expect(entries).toMatchObject([
      { actor: 'exposure audit', reason: expect.stringMatching(/served 2 times.*hipaa/) },
    ]);
  });

  test('changes nothing when it runs again, also at once', async () => {
    const tenant = newTenant();
    await record({ tenantId: tenant, attributes: { labels: ['hipaa'] } });
    await Promise.all([audit(), audit(), audit()]);
    expect((await audit()).found).toContainEqual(expect.objectContaining({ tenant, state: 'already_killed' }));
    expect((await ask('GET', `/audit?tenant=${tenant}`)).body.entries).toHaveLength(1);
  });

  test('knows labels from the directory and from events, the latest of a tenant', async () => {
    const [clinic, labelled, cured] = [`clinic-${newTenant()}`, newTenant(), newTenant()];
    await record(
      { tenantId: clinic },
      { tenantId: labelled, flag: undefined, change: 'ai.copilot.v1' },
      { tenantId: cured },
      { tenantId: labelled, name: 'labels', flag: undefined, at: 1, attributes: { labels: ['hipaa'] } },
      { tenantId: cured, name: 'labels', flag: undefined, at: 1, attributes: { labels: ['hipaa'] } },
      { tenantId: cured, name: 'labels', flag: undefined, at: 2, attributes: { labels: [] } },
    );
    const { found } = await audit();
    expect(found).toContainEqual(of(clinic));
    expect(found).toContainEqual(of(labelled));
    expect(found).not.toContainEqual(of(cured));
  });

  test('goes on where the directory fails for a tenant', async () => {
    const [lost, clinic] = [`unreachable-${newTenant()}`, `clinic-${newTenant()}`];
    const before = await audit();
    await record({ tenantId: lost }, { tenantId: clinic });
    const after = await audit();
    expect(after.unlabelled).toBe(before.unlabelled + 1);
    expect(after.found).toContainEqual(of(clinic));
    expect(await isKilled(clinic)).toBe(true);
  });

  test('says of how many nobody knows labels, and of whom nobody can be killed', async () => {
    const before = await audit();
    await record({ tenantId: newTenant() }, { attributes: { labels: ['hipaa'] } });
    const after = await audit();
    expect(after.unlabelled).toBe(before.unlabelled + 1);
    expect(after.found).toContainEqual(expect.objectContaining({ state: 'no_tenant', exposures: 1 }));
  });

  test('kills again after a revival only for what happened since', async () => {
    const tenant = newTenant();
    await record({ tenantId: tenant, attributes: { labels: ['hipaa'] } });
    const { kill } = (await audit()).found.find((one: { tenant: string }) => one.tenant === tenant);
    await ask('POST', `/kills/${kill}/revive`, { reason: 'labels corrected', fix: 'ticket 9' });
    await audit();
    expect(await isKilled(tenant)).toBe(false);
    await record({ tenantId: tenant, attributes: { labels: ['hipaa'] }, at: Date.now() + 1_000 });
    const again = (await audit()).found.find((one: { tenant: string }) => one.tenant === tenant);
    expect(again).toMatchObject({ kill, state: 'killed' });
    expect(await isKilled(tenant)).toBe(true);
  });

  test('looks at a window and a feature', async () => {
    const tenant = newTenant();
    await record({ tenantId: tenant, attributes: { labels: ['hipaa'] }, at: 1_000 });
    expect((await audit({ from: 1_001 })).found).not.toContainEqual(of(tenant));
    expect((await audit({ to: 1_000 })).exposures).toBe(0);
    expect((await audit({ flag: 'ai.other' })).exposures).toBe(0);
    expect((await audit({ to: 1_001 })).found).toContainEqual(of(tenant));
    expect((await ask('POST', '/exposure-audit', { from: 5, to: 5 })).status).toBe(400);
  });

  test.each([
    ['alone', '/ofrep/v1/evaluate/flags/ai.copilot', 'single'],
    ['in a list', '/ofrep/v1/evaluate/flags', 'list'],
    ["to Unleash's clients", '/api/frontend', 'frontend'],
  ] as const)('sees what the gateway served itself, %s', async (_how, url, door) => {
    const tenant = newTenant();
    await optIn(tenant);
    const facts = { tier: 'pro', labels: ['eu'] };
    const isAlone = door === 'single';
    const headers = isAlone ? service.headers : await page({ sub: 'ada', tenant_id: tenant, ...facts });
    const context = isAlone ? { ...contextOf(tenant), ...facts } : {};
    for (let times = 0; times < 2; times += 1) {
      const served = await app.inject({ method: 'POST', url, headers, payload: { context } });
      expect(served.body).toMatch(/"(value|enabled)":true/);
    }
    await record({ tenantId: tenant, name: 'labels', flag: undefined, attributes: { labels: ['hipaa'] } });
    // Asked for twice is served twice; a list that is fetched again is the same one.
    const exposures = isAlone ? 2 : 1;
    await expect
      .poll(async () => (await audit()).found, { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ tenant, exposures, state: 'killed' }));
  });
});

describe('nobody else', () => {
  const ROUTES: readonly (readonly [method: 'GET' | 'POST' | 'DELETE', path: string, body: object | undefined])[] = [
    ['GET', '/kills', undefined],
    ['POST', '/kills', { scope: { all: true }, reason: 'r' }],
    ['POST', '/kills/k/revive', { reason: 'r', fix: 'f' }],
    ['GET', '/overrides', undefined],
    ['POST', '/overrides', { tenant: 't', flag: 'f', force: 'on', reason: 'r', until: 8e15 }],
    ['DELETE', '/overrides/o?tenant=t&reason=r', undefined],
    ['GET', '/audit', undefined],
    ['POST', '/explain', { flag: 'ai.copilot' }],
    ['GET', '/features', undefined],
    ['POST', '/exposure-audit', { from: 0, to: 1 }],
  ];

  test.each(ROUTES)('reaches %s %s', async (method, path, body) => {
    const users = { authorization: `Bearer ${await userToken({ sub: 'u', tenant_id: 't' })}` };
    for (const headers of [service.headers, await tenantAdmin('t'), newKey('unknown').headers, users]) {
      const { status } = await ask(method, path, body, headers as typeof operator.headers);
      expect([401, 403]).toContain(status);
    }
    expect((await app.inject({ method, url: `/v1/operator${path}` })).statusCode).toBe(401);
  });

  test('an operator by token is one by its subject', async () => {
    const headers = { authorization: `Bearer ${await userToken({ sub: 'olga', roles: ['ai_operator'] })}` };
    const { body } = await ask('POST', '/kills', { scope: { tenant: newTenant() }, reason: 'r' }, headers);
    expect((await ask('GET', '/kills')).body.kills).toContainEqual(
      expect.objectContaining({ id: body.id, actor: 'olga' }),
    );
  });
});
