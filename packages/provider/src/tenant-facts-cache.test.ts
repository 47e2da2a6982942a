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
const subject = { targetingKey: 'ada', tenantId: 'acme' };

describe('the tenant directory', () => {
  it('adds the facts that the context lacks, with one lookup for concurrent evaluations', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve(definitions, { directory: { lookup: directory } });
    const answers = await Promise.all([1, 2, 3].map(() => client.getBooleanValue('ai.copilot', false, subject)));
    expect(answers).toEqual([true, true, true]);
    await client.getBooleanValue('ai.copilot', false, subject);
    expect(directory.mock.calls).toEqual([['acme']]);
  });

  it.each([
    ['tier', { tier: 'free' }, 'tier'],
    ['region', { region: 'us' }, 'region'],
    ['labels', { labels: ['hipaa'] }, 'exclusion'],
  ])("the context's own %s overrides the directory", async (_, stated, gate) => {
    const { client } = await serve(definitions, { directory: { lookup: async () => facts } });
    expect(await client.getBooleanDetails('ai.copilot', true, { ...subject, ...stated })).toMatchObject({
      value: false,
      flagMetadata: { gate },
    });
  });

  it('is not called if the context has every fact, for ordinary flags, or without a tenant', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve([...definitions, { name: 'flag', enabled: true }], {
      directory: { lookup: directory },
    });
    await client.getBooleanValue('ai.copilot', false, {
      ...subject,
      tier: 'pro',
      region: 'eu',
      labels: [],
      cohorts: [],
    });
    await client.getBooleanValue('flag', false, subject);
    await client.getBooleanValue('ai.copilot', false, {});
    expect(directory).not.toHaveBeenCalled();
  });

  it('a synchronous decision closes while facts are fetched, and uses them after prepare', async () => {
    const { provider } = await serve(definitions, { directory: { lookup: async () => facts } });
    expect(provider.engine.decide('ai.copilot', subject)).toMatchObject({ enabled: false, detail: 'missing' });
    await provider.engine.prepare(subject);
    expect(provider.engine.decide('ai.copilot', subject).enabled).toBe(true);
    expect(provider.engine.decideAll(subject).get('ai.copilot')?.enabled).toBe(true);
  });

  it('a synchronous lookup serves the first synchronous decision', async () => {
    const { provider } = await serve(definitions, { directory: { lookup: () => facts } });
    expect(provider.engine.decide('ai.copilot', subject).enabled).toBe(true);
  });

  it('may return any thenable', async () => {
    const foreign = runInNewContext('Promise.resolve(facts)', { facts }) as Promise<TenantFacts>;
    expect(foreign).not.toBeInstanceOf(Promise);
    const { client } = await serve(definitions, { directory: { lookup: () => foreign } });
    expect(await client.getBooleanValue('ai.copilot', false, subject)).toBe(true);
  });

  const rejecting: TenantDirectory = () =>
    Promise.reject(Object.assign(new Error('no row for ada@example.com'), { code: 'ECONNREFUSED' }));
  const throwing: TenantDirectory = () => {
    throw new TypeError('ada@example.com');
  };

  it.each([
    ['rejects', rejecting, 'Error ECONNREFUSED'],
    ['throws', throwing, 'TypeError'],
  ])('a lookup that %s closes the flag and is logged once without personal data', async (_, directory, kind) => {
    const { client, lines } = await serve(definitions, { directory: { lookup: directory } });
    for (const tenantId of ['acme', 'globex']) {
      const details = await client.getBooleanDetails('ai.copilot', true, { ...subject, tenantId });
      expect(details.value).toBe(false);
      expect(details.errorCode).toBeUndefined();
    }
    expect(lines).toEqual([`warn rampart: the tenant directory fails (${kind}); flags that need its facts are closed`]);
  });

  it('a lookup in time leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client } = await serve(definitions, { directory: { lookup: async () => facts } });
    const before = vi.getTimerCount();
    expect(await client.getBooleanValue('ai.copilot', false, subject)).toBe(true);
    expect(vi.getTimerCount()).toBe(before);
  });

  it('a lookup that hangs closes the flag after timeoutMs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client, lines } = await serve(definitions, {
      directory: { lookup: () => new Promise(() => {}), timeoutMs: 300 },
    });
    const evaluation = client.getBooleanValue('ai.copilot', true, subject);
    await vi.advanceTimersByTimeAsync(300);
    expect(await evaluation).toBe(false);
    expect(lines[0]).toContain('TimeoutError');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('caches facts for ttlMs, and repeats a lookup without a result after a second', async () => {
    let now = 1;
    let result: TenantFacts | undefined = facts;
    const directory = vi.fn<() => Promise<TenantFacts | undefined>>(async () => result);
    const { client } = await serve(definitions, { directory: { lookup: directory, ttlMs: 5_000 }, now: () => now });
    const ask = (tenantId: string) => client.getBooleanValue('ai.copilot', true, { ...subject, tenantId });
    expect(await ask('acme')).toBe(true);
    result = undefined;
    now += 5_000;
    expect(await ask('acme')).toBe(true);
    now += 1;
    expect(await ask('acme')).toBe(false);
    result = facts;
    now += 1_000;
    expect(await ask('acme')).toBe(false);
    now += 1;
    expect(await ask('acme')).toBe(true);
    expect(directory).toHaveBeenCalledTimes(3);
  });

  it('caches maxEntries tenants', async () => {
    const directory = vi.fn<() => Promise<TenantFacts>>(async () => facts);
    const { client } = await serve(definitions, { directory: { lookup: directory, maxEntries: 1 } });
    for (const tenantId of ['acme', 'globex', 'acme'])
      await client.getBooleanValue('ai.copilot', true, { ...subject, tenantId });
    expect(directory).toHaveBeenCalledTimes(3);
  });

  it('logs a second outage after a recovery', async () => {
    let now = 1;
    let works = false;
    const directory: TenantDirectory = async () => {
      if (!works) throw new Error();
      return facts;
    };
    const { client, lines } = await serve(definitions, { directory: { lookup: directory, ttlMs: 10 }, now: () => now });
    for (const working of [false, true, false]) {
      works = working;
      await client.getBooleanValue('ai.copilot', true, subject);
      now += 11;
    }
    expect(lines).toHaveLength(2);
  });
});
