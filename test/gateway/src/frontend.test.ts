import type { InMemoryControl, Usage } from '@rampart/core';
import type { App } from '@rampart/gateway';
import { hashKey } from '@rampart/gateway';
import type { Rampart } from '@rampart/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FLAGS, FRONTEND_TOKEN, operator, page, service, tenantAdmin, useGateway } from './fixture.js';
import { consent, memoryRampart } from './memory-rampart.js';

const gateway = useGateway();
const ada = { sub: 'ada', tenant_id: 'acme', tier: 'pro', labels: [] };
const NARROW = 'other:development.0123456789abcdef0123456789abcdef';

const strategy = { name: 'default', parameters: {}, constraints: [] };
const inProject = { enabled: true, project: 'default' };
const constrained = (contextName: string, value: string) => [
  { ...strategy, constraints: [{ contextName, operator: 'IN', values: [value] }] },
];
const variants = (...payloads: (readonly [string, string])[]) =>
  payloads.map(([type, value], index) => ({
    name: `v${index}`,
    weight: 1000 / payloads.length,
    stickiness: 'default',
    payload: { type, value },
  }));

const flags = {
  features: [
    ...FLAGS.features,
    { name: 'of-a-plan', ...inProject, impressionData: true, strategies: constrained('plan', 'pro') },
    { name: 'of-a-user', ...inProject, strategies: constrained('userId', 'ada') },
    { name: 'other-project', enabled: true, project: 'other', strategies: [strategy] },
    {
      name: 'with-variant',
      ...inProject,
      strategies: [{ ...strategy, variants: variants(['string', '<b>"x"\u2028</b>']) }],
    },
    {
      name: 'two-payloads',
      ...inProject,
      strategies: [
        { ...constrained('plan', 'pro')[0], variants: variants(['string', 'for pro']) },
        { ...strategy, variants: variants(['string', 'for all']) },
      ],
    },
    { name: '__proto__x', ...inProject, strategies: [strategy] },
    { name: 'ai.not-set-up', ...inProject, strategies: [strategy] },
    {
      name: 'half-set-up',
      ...inProject,
      dependencies: [{ feature: 'ai.copilot', enabled: false }],
      strategies: [strategy],
    },
    {
      name: 'replies',
      ...inProject,
      dependencies: [{ feature: 'ai.copilot' }],
      strategies: [{ ...strategy, variants: variants(['json', '{"secret":"prompt"}']) }],
    },
  ],
};

let rampart: Rampart<InMemoryControl>;
let app: App;
beforeAll(async () => {
  rampart = await memoryRampart(gateway.unleashUrl(flags), consent('acme'));
  app = await gateway({
    rampart,
    keep: true,
    frontend: {
      askUnleash: false,
      tokens: [
        { name: 'page', hash: hashKey(FRONTEND_TOKEN) },
        { name: 'narrow', hash: hashKey(NARROW), projects: ['other'] },
      ],
    },
  });
});
beforeEach(() => void rampart.control.apply(consent('acme')));
afterAll(() => rampart.close());

interface Toggle {
  readonly name: string;
  readonly enabled: boolean;
  readonly variant: { readonly name: string; readonly enabled: boolean; readonly payload?: { value: string } };
  readonly impressionData: boolean;
  readonly decision?: Record<string, unknown>;
}

const get = (query: string, headers: Record<string, string>) =>
  app.inject({ method: 'GET', url: `/api/frontend${query}`, headers });
const post = (context: unknown, headers: Record<string, string>) =>
  app.inject({ method: 'POST', url: '/api/frontend', headers, payload: { context } as object });
const togglesOf = (answer: { json(): unknown }) =>
  new Map((answer.json() as { toggles: Toggle[] }).toggles.map((toggle) => [toggle.name, toggle]));

describe('ordinary flags', () => {
  it('are listed where they are on, as Unleash writes them', async () => {
    const answer = await get('?userId=ada&appName=web&properties[plan]=pro', await page());
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const toggles = togglesOf(answer);
    expect(toggles.get('plain')).toEqual({
      name: 'plain',
      enabled: true,
      variant: { name: 'disabled', enabled: false, feature_enabled: true, featureEnabled: true },
      impressionData: false,
    });
    expect(toggles.get('of-a-plan')?.impressionData).toBe(true);
    expect(toggles.has('of-a-user')).toBe(true);
    expect(toggles.has('plain.off')).toBe(false);
    expect(toggles.get('with-variant')?.variant.payload?.value).toBe('<b>"x"\u2028</b>');
    expect(toggles.has('__proto__x')).toBe(true);
  });

  it('are the same asked by GET and by POST, by field and by property', async () => {
    const headers = await page();
    const asked = [
      await get('?userId=ada&properties%5Bplan%5D=pro', headers),
      await get('?userId=ada&plan=pro', headers),
      await post({ userId: 'ada', properties: { plan: 'pro' } }, headers),
      await post({ userId: 'ada', plan: 'pro' }, headers),
    ];
    for (const { body } of asked) expect(body).toBe(asked[0]?.body);
    expect(togglesOf(await get('', headers)).has('of-a-plan')).toBe(false);
  });

  it('keep one variant’s payloads apart', async () => {
    const headers = await page();
    for (const [query, payload] of [
      ['?plan=pro', 'for pro'],
      ['', 'for all'],
      ['?plan=pro', 'for pro'],
    ] as const)
      expect(togglesOf(await get(query, headers)).get('two-payloads')?.variant.payload?.value).toBe(payload);
  });

  it('are those of the token’s projects', async () => {
    expect([...togglesOf(await get('', { authorization: NARROW })).keys()]).toEqual(['other-project']);
  });

  it('are answered as the SDK answers', async () => {
    const { flags: source } = rampart;
    const context = { targetingKey: 'ada', plan: 'pro' };
    const toggles = togglesOf(await get('?userId=ada&plan=pro', await page()));
    for (const name of source.snapshot().names()) {
      if (source.snapshot().flag(name)?.kind !== 'plain') continue;
      const { name: variant, enabled, featureEnabled } = source.variant(name, context);
      expect([name, toggles.has(name)]).toEqual([name, featureEnabled]);
      if (featureEnabled) expect(toggles.get(name)?.variant).toMatchObject({ name: variant, enabled });
    }
  });
});

describe('AI flags', () => {
  const secrets = /secret-model|secret prompt|"secret"|"stage"|"bands"|"shadow"|"limits"/;

  it('carry their decision; the change that answers is listed, prompts are not', async () => {
    const answer = await get('?sessionId=7', await page(ada));
    const toggles = togglesOf(answer);
    expect(toggles.get('ai.copilot')).toMatchObject({
      enabled: true,
      variant: { name: 'blue', enabled: true },
      decision: { outcome: 'enabled', change: 'ai.copilot.v1', feedback: expect.stringMatching(/^v1\./) },
    });
    expect(toggles.get('ai.copilot.v1')?.enabled).toBe(true);
    expect(toggles.get('replies')).toMatchObject({ enabled: true, variant: { name: 'v0' } });
    expect(answer.body).not.toMatch(secrets);
  });

  it.each([
    ['needs consent', { ...ada, tenant_id: 'globex' }, 'consent_required'],
    ['is paywalled', { ...ada, tier: 'free' }, 'paywall'],
  ])('that %s is listed as not enabled, its change not at all', async (_, claims, outcome) => {
    const toggles = togglesOf(await get('', await page(claims)));
    expect(toggles.get('ai.copilot')).toMatchObject({
      enabled: false,
      variant: { name: 'disabled', enabled: false },
      decision: { outcome, enabled: false },
    });
    expect(toggles.has('ai.copilot.v1')).toBe(false);
  });

  it('that is killed is listed with its message; that is off is not listed', async () => {
    rampart.control.apply({ kind: 'kill', kill: { id: 'k', scope: { feature: 'ai.copilot' }, reason: 'x' } });
    const killed = togglesOf(await get('', await page(ada))).get('ai.copilot');
    expect(killed).toMatchObject({ enabled: false, decision: { outcome: 'unavailable', message: expect.any(String) } });
    rampart.control.apply({ kind: 'revive', id: 'k' });
    rampart.control.apply(consent('acme', 'opt_out'));
    expect(togglesOf(await get('', await page(ada))).has('ai.copilot')).toBe(false);
  });

  it('that are not set up are not listed, also where everything is killed', async () => {
    rampart.control.apply({ kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
    const killed = togglesOf(await get('', await page(ada)));
    rampart.control.apply({ kind: 'revive', id: 'k' });
    const open = togglesOf(await get('', await page(ada)));
    expect([killed.has('ai.copilot'), killed.has('replies'), open.has('replies')]).toEqual([true, true, true]);
    for (const name of ['ai.not-set-up', 'half-set-up'])
      expect([name, killed.has(name), open.has(name)]).toEqual([name, false, false]);
  });

  it('are closed to a page that only says whose it is', async () => {
    const toggles = togglesOf(await get('?userId=ada&tenantId=acme&tier=pro&properties[labels]=', await page()));
    expect([...toggles.keys()].filter((name) => name.startsWith('ai.'))).toEqual([]);
    for (const query of ['?tenantId=globex', '?properties[tenantId]=globex', '?userId=bob', '?complexity=1']) {
      const refused = await get(query, await page(ada));
      expect([query, refused.statusCode]).toEqual([query, 400]);
      expect(refused.body).not.toContain('globex');
    }
    expect((await get('?userId=ada&properties[tenantId]=acme', await page(ada))).statusCode).toBe(200);
  });
});

describe('who may ask', () => {
  it('is a page', async () => {
    for (const headers of [service.headers, operator.headers, await tenantAdmin('acme')])
      for (const url of ['/api/frontend', '/api/frontend/client/metrics', '/api/frontend/client/register'])
        expect((await app.inject({ method: 'POST', url, headers, payload: {} })).statusCode).toBe(403);
    expect((await get('', {})).statusCode).toBe(401);
    expect((await get('', { authorization: 'default:development.wrong' })).statusCode).toBe(401);
  });

  it('is refused more than a context may be', async () => {
    expect((await post({ properties: { a: 'x'.repeat(9_000) } }, await page())).statusCode).toBe(400);
    expect((await post('text', await page())).statusCode).toBe(400);
    expect((await post({ properties: { a: { b: { c: { d: { e: 1 } } } } } }, await page())).statusCode).toBe(400);
  });
});

it('says that nothing has changed, of one context and one tenant', async () => {
  const headers = await page(ada);
  const tag = String((await get('?a=1', headers)).headers['etag']);
  const again = async (query: string, more = headers) =>
    (await get(query, { ...more, 'if-none-match': tag })).statusCode;
  expect(await again('?a=1')).toBe(304);
  rampart.control.apply(consent('initech'));
  expect(await again('?a=1')).toBe(304);
  expect(await again('?a=2')).toBe(200);
  expect(await again('?a=1', await page({ ...ada, tenant_id: 'globex' }))).toBe(200);
  rampart.control.apply(consent('acme', 'opt_out'));
  expect(await again('?a=1')).toBe(200);
});

describe('what clients count', () => {
  const report = (toggles: unknown) =>
    page().then((headers) =>
      app.inject({
        method: 'POST',
        url: '/api/frontend/client/metrics',
        headers,
        payload: { appName: 'web', instanceId: 'x', bucket: { start: new Date(), stop: new Date(), toggles } },
      }),
    );

  it('is added to the usage of flags and variants that there are, so much and no more', async () => {
    const added: Usage[] = [];
    const { addUsage } = rampart.flags;
    rampart.flags.addUsage = (usage) => void added.push(usage);
    const answer = await report({
      'with-variant': { yes: 3, no: 2, variants: { v0: 2, made_up: 9, __proto__x: 1 } },
      'ai.copilot.v1': { yes: 1e300, no: -1, variants: { blue: 1.5 } },
      plain: 'text',
      'other-project': { yes: 1 },
      nope: { yes: 1 },
      constructor: { yes: 1 },
    });
    Object.assign(rampart.flags, { addUsage });
    expect([answer.statusCode, answer.body]).toEqual([202, '']);
    expect(added.map(({ variants: counted, ...usage }) => ({ ...usage, ...Object.fromEntries(counted) }))).toEqual([
      { flag: 'with-variant', yes: 3, no: 2, v0: 2 },
      { flag: 'ai.copilot.v1', yes: 0, no: 0, blue: 0 },
      { flag: 'plain', yes: 0, no: 0 },
      { flag: 'other-project', yes: 1, no: 0 },
    ]);
  });

  it('is refused where it is no report; a registration is taken', async () => {
    expect((await report('text')).statusCode).toBe(400);
    const payload = { appName: 'web', instanceId: 'x', strategies: [], started: new Date(), interval: 1 };
    const url = '/api/frontend/client/register';
    expect((await app.inject({ method: 'POST', url, headers: await page(), payload })).statusCode).toBe(202);
  });
});

describe('after an event that another process told of', () => {
  it('is answered from nothing older than that', async () => {
    let fetched = 0;
    const { refresh } = rampart.flags;
    rampart.flags.refresh = async () => void (fetched += 1);
    const newer = `flagConfigEtag=${'A'.repeat(22)}.1`;
    const told = await get(`?userId=ada&${newer}`, await page(ada));
    expect([told.statusCode, fetched]).toEqual([200, 1]);
    await get('?userId=ada&flagConfigEtag=anything', await page(ada));
    expect(fetched).toBe(1);
    if (refresh === undefined) delete rampart.flags.refresh;
    else rampart.flags.refresh = refresh;
  });
});
