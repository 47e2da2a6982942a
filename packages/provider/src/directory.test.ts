import { runInNewContext } from 'node:vm';
import { OpenFeature } from '@openfeature/server-sdk';
import type { TenantDirectory, TenantFacts } from '@rampart/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { change, feature } from '../test/definitions.js';
import { serve } from '../test/serve.js';

afterEach(async () => {
  await OpenFeature.clearProviders();
  vi.useRealTimers();
});

const definitions = [feature({ minTier: 'pro', exclude: 'hipaa' }), change({ regions: 'eu' })];
const facts: TenantFacts = { tier: 'pro', region: 'eu', labels: [], cohorts: [] };
const asker = { targetingKey: 'ada', tenantId: 'acme' };

describe('the tenant directory', () => {
  it('gives the facts that the context lacks, in one lookup for all who wait', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve(definitions, { directory });
    const answers = await Promise.all([1, 2, 3].map(() => client.getBooleanValue('ai.copilot', false, asker)));
    expect(answers).toEqual([true, true, true]);
    await client.getBooleanValue('ai.copilot', false, asker);
    expect(directory.mock.calls).toEqual([['acme']]);
  });

  it.each([
    ['tier', { tier: 'free' }, 'tier'],
    ['region', { region: 'us' }, 'region'],
    ['labels', { labels: ['hipaa'] }, 'exclusion'],
  ])("a context's own %s wins", async (_, stated, gate) => {
    const { client } = await serve(definitions, { directory: async () => facts });
    expect(await client.getBooleanDetails('ai.copilot', true, { ...asker, ...stated })).toMatchObject({
      value: false,
      flagMetadata: { gate },
    });
  });

  it('is not asked where the context states everything, and never for ordinary flags or without a tenant', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve([...definitions, { name: 'flag', enabled: true }], { directory });
    await client.getBooleanValue('ai.copilot', false, { ...asker, tier: 'pro', region: 'eu', labels: [], cohorts: [] });
    await client.getBooleanValue('flag', false, asker);
    await client.getBooleanValue('ai.copilot', false, {});
    expect(directory).not.toHaveBeenCalled();
  });

  it('decides at once from what it knows: a first call closes, the next has the facts', async () => {
    const { provider } = await serve(definitions, { directory: async () => facts });
    expect(provider.decide('ai.copilot', asker)).toMatchObject({ enabled: false, detail: 'missing' });
    await provider.prepare(asker);
    expect(provider.decide('ai.copilot', asker).enabled).toBe(true);
    expect(provider.decideAll(asker).get('ai.copilot')?.enabled).toBe(true);
  });

  it('that answers at once needs no second call', async () => {
    const { provider } = await serve(definitions, { directory: () => facts });
    expect(provider.decide('ai.copilot', asker).enabled).toBe(true);
  });

  it('may answer with any thenable', async () => {
    const foreign = runInNewContext('Promise.resolve(facts)', { facts }) as Promise<TenantFacts>;
    expect(foreign).not.toBeInstanceOf(Promise);
    const { client } = await serve(definitions, { directory: () => foreign });
    expect(await client.getBooleanValue('ai.copilot', false, asker)).toBe(true);
  });

  const rejecting: TenantDirectory = () =>
    Promise.reject(Object.assign(new Error('no row for ada@example.com'), { code: 'ECONNREFUSED' }));
  const throwing: TenantDirectory = () => {
    throw new TypeError('ada@example.com');
  };

  it.each([
    ['rejects', rejecting, 'Error ECONNREFUSED'],
    ['throws', throwing, 'TypeError'],
  ])('that %s closes, and is logged once without personal data', async (_, directory, kind) => {
    const { client, lines } = await serve(definitions, { directory });
    for (const tenantId of ['acme', 'globex']) {
      const details = await client.getBooleanDetails('ai.copilot', true, { ...asker, tenantId });
      expect(details.value).toBe(false);
      expect(details.errorCode).toBeUndefined();
    }
    expect(lines).toEqual([`warn rampart: the tenant directory fails (${kind}); flags that need its facts are closed`]);
  });

  it('that answers in time leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client } = await serve(definitions, { directory: async () => facts });
    const before = vi.getTimerCount();
    expect(await client.getBooleanValue('ai.copilot', false, asker)).toBe(true);
    expect(vi.getTimerCount()).toBe(before);
  });

  it('that hangs closes after directoryTimeout', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client, lines } = await serve(definitions, {
      directory: () => new Promise(() => {}),
      directoryTimeout: 300,
    });
    const asked = client.getBooleanValue('ai.copilot', true, asker);
    await vi.advanceTimersByTimeAsync(300);
    expect(await asked).toBe(false);
    expect(lines[0]).toContain('DirectoryTimeout');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps facts for directoryTtl, and asks again for what failed or was not found after a second', async () => {
    let now = 1;
    let answer: TenantFacts | undefined = facts;
    const directory = vi.fn<() => Promise<TenantFacts | undefined>>(async () => answer);
    const { client } = await serve(definitions, { directory, directoryTtl: 5_000, now: () => now });
    const ask = (tenantId: string) => client.getBooleanValue('ai.copilot', true, { ...asker, tenantId });
    expect(await ask('acme')).toBe(true);
    answer = undefined;
    now += 5_000;
    expect(await ask('acme')).toBe(true);
    now += 1;
    expect(await ask('acme')).toBe(false);
    answer = facts;
    now += 1_000;
    expect(await ask('acme')).toBe(false);
    now += 1;
    expect(await ask('acme')).toBe(true);
    expect(directory).toHaveBeenCalledTimes(3);
  });

  it('keeps directorySize tenants', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve(definitions, { directory, directorySize: 1 });
    for (const tenantId of ['acme', 'globex', 'acme'])
      await client.getBooleanValue('ai.copilot', true, { ...asker, tenantId });
    expect(directory).toHaveBeenCalledTimes(3);
  });

  it('says again that it fails after it has worked', async () => {
    let now = 1;
    let works = false;
    const directory: TenantDirectory = async () => {
      if (!works) throw new Error();
      return facts;
    };
    const { client, lines } = await serve(definitions, { directory, directoryTtl: 10, now: () => now });
    for (const working of [false, true, false]) {
      works = working;
      await client.getBooleanValue('ai.copilot', true, asker);
      now += 11;
    }
    expect(lines).toHaveLength(2);
  });
});
