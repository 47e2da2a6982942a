import { InMemoryControl } from '@rampart/core';
import { rampartStrategies } from '@rampart/unleash';
import { type AdminClient, createAdminClient, installStrategies, newChange, newFeature } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { type Context, Unleash, type UnleashConfig } from 'unleash-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FEATURE = 'ai.search';
const ENVIRONMENT = 'development';
const USERS = Array.from({ length: 10_000 }, (_, user) => `user-${user}`);

describe('services that call unleash.isEnabled, on a real Unleash', () => {
  const control = new InMemoryControl();
  const running: Unleash[] = [];
  let server: UnleashServer;
  let client: AdminClient;
  let ours: Unleash;
  let stock: Unleash;

  beforeAll(async () => {
    server = await startUnleashServer();
    client = createAdminClient({ url: server.url, token: server.adminToken, environment: ENVIRONMENT });
    await setUp();
    ours = await start((unleash) =>
      rampartStrategies({ flags: () => unleash().getFeatureToggleDefinitions(true), control }),
    );
    stock = await start(() => []);
    control.apply({ kind: 'consent', tenant: 'acme', featureClass: 'search', consent: { state: 'opt_in' } });
  });
  afterAll(async () => {
    for (const unleash of running) unleash.destroy();
    await server?.stop();
  });

  async function setUp(): Promise<void> {
    await installStrategies({ client });
    await newFeature({ client, name: FEATURE, access: { featureClass: 'search', minTier: 'pro' }, enable: true });
    await experiment('ranking', `${FEATURE}.ranking`);
    await experiment('layout', `${FEATURE}.layout`);
    await experiment('same-salt', `${FEATURE}.ranking`);
    const flag = 'existing';
    await client.flags.create({ flag, type: 'release' });
    await client.rules.add({ flag, environment: ENVIRONMENT }, { name: 'default', parameters: {} });
    await client.flags.switchOn({ flag, environment: ENVIRONMENT });
    await client.dependencies.add({ flag }, { feature: FEATURE });
  }

  async function experiment(change: string, groupId: string): Promise<void> {
    const variants = [{ name: 'a' }, { name: 'b', binding: { model: 'x' } }];
    const stage = { groupId, stickiness: 'userId', mode: 'suggestion' };
    const flag = `${FEATURE}.${change}`;
    await newChange({ client, feature: FEATURE, change, variants, stage, type: 'experiment', enable: true });
    const where = { flag, environment: ENVIRONMENT };
    for (const { id, parameters } of await client.rules.list(where)) {
      await client.rules.update({ ...where, id }, { parameters: { ...parameters, stage: 'ga', rollout: '100' } });
    }
  }

  async function start(strategies: (unleash: () => Unleash) => UnleashConfig['strategies'] & object): Promise<Unleash> {
    const unleash: Unleash = new Unleash({
      url: server.apiUrl,
      appName: 'direct',
      customHeaders: { Authorization: server.clientToken[ENVIRONMENT] },
      refreshInterval: 200,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      strategies: strategies(() => unleash),
    });
    running.push(unleash);
    unleash.on('error', () => {});
    await new Promise<void>((resolve) => unleash.once('synchronized', resolve));
    return unleash;
  }

  const subject = (tenantId: string, more: Record<string, string> = {}): Context => ({
    userId: 'ann',
    properties: { tenantId, tier: 'pro', ...more },
  });
  const open = subject('acme');

  it.each([FEATURE, `${FEATURE}.ranking`, 'existing'])('%s is open with consent, and closed without', (flag) => {
    expect(ours.isEnabled(flag, open)).toBe(true);
    expect(ours.isEnabled(flag, subject('nobody-asked'))).toBe(false);
    expect(ours.isEnabled(flag, { userId: 'ann', properties: { tier: 'pro' } })).toBe(false);
    expect(ours.isEnabled(flag)).toBe(false);
  });

  it.each([FEATURE, `${FEATURE}.ranking`, 'existing'])('%s closes at once when the tenant opts out', (flag) => {
    const say = (state: 'opt_in' | 'opt_out') =>
      control.apply({ kind: 'consent', tenant: 'leaver', featureClass: 'search', consent: { state } });
    say('opt_in');
    expect(ours.isEnabled(flag, subject('leaver'))).toBe(true);
    say('opt_out');
    expect(ours.isEnabled(flag, subject('leaver'))).toBe(false);
  });

  it('holds the other gates too', () => {
    expect(ours.isEnabled(FEATURE, subject('acme', { tier: 'free' }))).toBe(false);
    expect(ours.isEnabled('existing', subject('acme', { tier: 'free' }))).toBe(false);
    control.apply({ kind: 'kill', kill: { id: 'k', scope: { change: `${FEATURE}.layout` }, reason: 'test' } });
    expect(ours.isEnabled(`${FEATURE}.layout`, open)).toBe(false);
    expect(ours.isEnabled(`${FEATURE}.ranking`, open)).toBe(true);
    control.apply({ kind: 'revive', id: 'k' });
    expect(ours.isEnabled(`${FEATURE}.layout`, open)).toBe(true);
  });

  it('gives a variant with its payload, and none without consent', () => {
    const variant = ours.getVariant(`${FEATURE}.ranking`, { ...open, userId: firstWith('b') });
    expect(variant).toMatchObject({ name: 'b', enabled: true, payload: { type: 'json', value: '{"model":"x"}' } });
    expect(ours.getVariant(`${FEATURE}.ranking`, subject('nobody-asked'))).toMatchObject({
      name: 'disabled',
      enabled: false,
    });
  });

  it('follows an edit of the rule', async () => {
    const where = { flag: `${FEATURE}.layout`, environment: ENVIRONMENT };
    const [rule] = await client.rules.list(where);
    if (rule === undefined) throw new Error('no rule');
    const edit = (rollout: string) =>
      client.rules.update({ ...where, id: rule.id }, { parameters: { ...rule.parameters, rollout } });
    await edit('0');
    await expect.poll(() => ours.isEnabled(where.flag, open), { timeout: 20_000 }).toBe(false);
    await edit('100');
    await expect.poll(() => ours.isEnabled(where.flag, open), { timeout: 20_000 }).toBe(true);
  });

  it.each([FEATURE, `${FEATURE}.ranking`, 'existing'])('an SDK without the strategies answers false for %s', (flag) => {
    expect(stock.isEnabled(flag, open)).toBe(false);
    expect(stock.isEnabled(flag, open, true)).toBe(false);
    expect(stock.getVariant(flag, open)).toMatchObject({ enabled: false });
  });

  it('splits two experiments on the same users independently', () => {
    expect(Math.abs(correlation('ranking', 'layout'))).toBeLessThan(0.04);
    expect(correlation('ranking', 'same-salt')).toBeCloseTo(1, 5);
  });

  function arm(change: string, userId: string): number {
    return ours.getVariant(`${FEATURE}.${change}`, { ...open, userId }).name === 'b' ? 1 : 0;
  }

  function firstWith(variant: 'a' | 'b'): string {
    return USERS.find((user) => arm('ranking', user) === (variant === 'b' ? 1 : 0)) ?? 'nobody';
  }

  /** Pearson's r of the two splits over 10,000 users: 0.04 is four standard errors. */
  function correlation(one: string, other: string): number {
    const x = USERS.map((user) => arm(one, user));
    const y = USERS.map((user) => arm(other, user));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(x), mean(y)];
    const covariance = mean(x.map((value, index) => (value - mx) * ((y[index] ?? 0) - my)));
    return covariance / Math.sqrt(mx * (1 - mx) * my * (1 - my));
  }
});
