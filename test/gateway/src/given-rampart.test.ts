import { InMemoryControl } from '@rampart/core';
import { createGateway } from '@rampart/gateway';
import { createRampart, type Rampart, type RampartOptions } from '@rampart/sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { FLAGS, page, SECRET, service, useGateway } from './fixture.js';
import { consent } from './memory-rampart.js';

const gateway = useGateway();
const ramparts: Rampart[] = [];
afterEach(async () => {
  for (const rampart of ramparts.splice(0)) await rampart.close();
});

const flags = {
  features: [
    ...FLAGS.features,
    {
      name: 'plan.only',
      enabled: true,
      project: 'default',
      strategies: [{ name: 'default', parameters: {}, constraints: [] }],
    },
  ],
};

async function given(options: Omit<RampartOptions, 'unleash' | 'control'> = {}, tenant = 'acme') {
  const control = new InMemoryControl({ now: Date.now });
  control.apply(consent(tenant));
  const rampart = createRampart({
    unleash: {
      url: gateway.unleashUrl(flags),
      appName: 'gateway-tests',
      refreshInterval: 600_000,
      metricsInterval: 600_000,
      skipInstanceCountWarning: true,
      storageProvider: { get: async () => undefined, set: async () => {} },
    },
    control,
    logger: { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} },
    ...options,
  });
  ramparts.push(rampart);
  await rampart.provider.initialize();
  return rampart;
}

const claims = { sub: 'ada', tenant_id: 'acme', tier: 'pro', labels: [] };

async function asked(rampart: Rampart, context: object, headers: Record<string, string>) {
  const app = await gateway({ rampart });
  const alone = await app.inject({
    method: 'POST',
    url: '/ofrep/v1/evaluate/flags/ai.copilot',
    headers,
    payload: { context },
  });
  const listed = await app.inject({ method: 'POST', url: '/ofrep/v1/evaluate/flags', headers, payload: { context } });
  const unleash = await app.inject({ method: 'POST', url: '/api/frontend', headers, payload: { context } });
  const found = listed.json().flags.find(({ key }: { key: string }) => key === 'ai.copilot');
  const toggle = unleash.json().toggles?.find(({ name }: { name: string }) => name === 'ai.copilot');
  return {
    ofrep: alone.json().value,
    bulk: found.value,
    frontend: toggle?.enabled ?? false,
    tag: listed.headers['etag'],
  };
}

describe('a gateway over a rampart with names of its own', () => {
  test('a token that says no is heard', async () => {
    const rampart = await given({ contextNames: { aiOptOut: 'no_ai' } });
    const open = { ofrep: true, bulk: true, frontend: true };
    expect(await asked(rampart, {}, await page(claims))).toMatchObject(open);
    const closed = { ofrep: false, bulk: false, frontend: false };
    expect(await asked(rampart, {}, await page({ ...claims, ai_opt_out: true }))).toMatchObject(closed);
  });

  test('a page does not say which tenant it is', async () => {
    const rampart = await given({ contextNames: { tenantId: 'org', tier: 'plan', labels: 'tags' } }, 'victim');
    const stated = { org: 'victim', plan: 'enterprise', tags: '' };
    expect(rampart.decide('ai.copilot', stated).enabled).toBe(true);
    for (const context of [stated, { properties: stated }])
      expect(await asked(rampart, context, await page())).toMatchObject({ ofrep: false, bulk: false, frontend: false });
    const mine = { ...claims, tenant_id: 'victim' };
    expect(await asked(rampart, {}, await page(mine))).toMatchObject({ ofrep: true, bulk: true, frontend: true });
  });

  test('answers of different ladders have different names', async () => {
    const tagOf = async (options: Parameters<typeof given>[0]) => {
      const app = await gateway({ rampart: await given(options) });
      const payload = { context: { targetingKey: 'ada', tenantId: 'acme', tier: 'pro', labels: [] } };
      const url = '/ofrep/v1/evaluate/flags';
      const answer = await app.inject({ method: 'POST', url, headers: service.headers, payload });
      return String(answer.headers['etag']).split('.')[0]?.slice(0, 23);
    };
    const tags = [
      await tagOf({}),
      await tagOf({ tiers: ['pro', 'gold'] }),
      await tagOf({ prefix: 'beta.' }),
      await tagOf({ gates: { 'plan.only': 'ai.copilot' } }),
      await tagOf({ contextNames: { region: 'area' } }),
    ];
    expect(new Set(tags).size).toBe(tags.length);
  });

  const own = {
    contextNames: { aiOptOut: 'no_ai' },
    tiers: ['free', 'pro'],
    prefix: 'beta.',
    gates: { 'plan.only': 'ai.copilot' },
    directory: { lookup: () => ({ labels: [] }) },
  };
  const made = (stated: object) => {
    const rampart = createRampart({ ...own, unleash: { url: 'http://127.0.0.1:9/api', appName: 'tests' } });
    ramparts.push(rampart);
    const needed = {
      unleash: { url: 'http://127.0.0.1:9/api', token: 'x' },
      secret: SECRET,
      logLevel: 'silent' as const,
    };
    return createGateway({ ...needed, rampart, ...stated });
  };

  test('may state the same', async () => {
    await made({}).close();
    await made(own).close();
  });

  test.each<[string, object]>([
    ['contextNames.aiOptOut', { contextNames: { aiOptOut: 'aiOptOut' } }],
    ['contextNames.tenant', { contextNames: { tenant: 'org' } }],
    ['tiers', { tiers: ['pro', 'free'] }],
    ['prefix', { prefix: 'ai.' }],
    ['gates', { gates: {} }],
    ['directory', { directory: { lookup: () => ({ labels: [] }) } }],
    ['rampart', { rampart: { provider: {}, flags: {} } }],
  ])('is refused another %s of its own', (field, stated) => {
    expect(() => made(stated)).toThrow(expect.objectContaining({ name: 'ConfigurationError', field }));
  });
});
