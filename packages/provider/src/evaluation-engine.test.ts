import { OpenFeature } from '@openfeature/server-sdk';
import { type ControlSource, InMemoryControl } from '@rampart/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ada, change, consented, feature, plain, variant } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { serve } from '../test/serve.js';

afterEach(() => OpenFeature.clearProviders());

const canary = (mode = 'suggestion', weights = [variant('v')]) =>
  change({ stage: 'canary', tenants: 'acme', mode }, weights, { name: 'ai.copilot.v3' });

describe('decide', () => {
  it('decides an AI flag as its object value', async () => {
    const { provider, client } = await serve([feature(), change({}, [variant('v', 'json', '{"a":1}')])]);
    expect(provider.engine.decide('ai.copilot', ada)).toEqual(await client.getObjectValue('ai.copilot', {}, ada));
  });

  it.each([
    [
      'on',
      { name: 'v', enabled: true, payload: { type: 'json', value: '{"a":1}' } },
      { enabled: true, outcome: 'enabled', gate: 'open', variant: 'v', binding: { a: 1 } },
    ],
    ['on without a variant', {}, { enabled: true, gate: 'open', variant: undefined, binding: undefined }],
    ['off by its strategies', { featureEnabled: false }, { enabled: false, outcome: 'off', gate: 'targeting' }],
  ])('decides an ordinary and a gated flag that is %s', async (_, answer, expected) => {
    const { provider, flags } = await serve([feature(), plain('flag'), plain('replies', { gated: true })]);
    flags.answers.set('flag', answer).set('replies', answer);
    expect(provider.engine.decide('flag', ada)).toMatchObject({ ...expected, feature: undefined });
    expect(provider.engine.decide('replies', ada)).toMatchObject({ ...expected, feature: 'ai.copilot' });
  });

  it('decides ordinary flags that are off, and missing flags', async () => {
    const { provider } = await serve([plain('flag', { enabled: false })]);
    expect(provider.engine.decide('flag', ada)).toMatchObject({ enabled: false, gate: 'flag', detail: 'off' });
    expect(provider.engine.decide('__proto__', ada)).toMatchObject({
      enabled: false,
      gate: 'flag',
      detail: 'not_found',
    });
  });

  it("doesn't evaluate a gated flag behind closed gates on the platform", async () => {
    const { provider, flags } = await serve([feature(), plain('replies', { gated: true })]);
    expect(provider.engine.decide('replies', { ...ada, aiOptOut: true })).toMatchObject({
      enabled: false,
      gate: 'exclusion',
    });
    expect(flags.asked).toEqual([]);
  });

  it('the gates map closes a flag as a parent does', async () => {
    const flags = new FakeFlags();
    flags.gates.set('replies', 'ai.copilot');
    const { provider } = await serve([feature(), plain('replies')], {}, flags);
    expect(provider.engine.decide('replies', ada).enabled).toBe(true);
    expect(provider.engine.decide('replies', { ...ada, aiOptOut: true }).enabled).toBe(false);
    expect(flags.asked).toEqual([['behind', 'replies', 'ai.copilot', ada]]);
  });

  it('reads the configured context attributes', async () => {
    const { provider } = await serve([feature({ minTier: 'pro' })], {
      contextNames: { tenantId: 'org', tier: 'plan' },
    });
    expect(provider.engine.decide('ai.copilot', { org: 'acme', plan: 'pro' }).enabled).toBe(true);
  });

  it('uses the tier ladder of the options', async () => {
    const { provider } = await serve([feature({ minTier: 'pro' })], { tiers: ['pro', 'free'] });
    expect(provider.engine.decide('ai.copilot', { ...ada, tier: 'free' }).enabled).toBe(true);
  });
});

describe('decideAll', () => {
  it('decides every AI flag as decide does, from one snapshot and one control state', async () => {
    const { provider, flags } = await serve([
      feature(),
      change({}, [variant('v')]),
      canary('shadow'),
      plain('flag'),
      plain('replies', { gated: true }),
    ]);
    flags.answers.set('replies', { featureEnabled: false });
    const snapshots = vi.spyOn(flags, 'snapshot');
    const all = provider.engine.decideAll(ada);
    expect(snapshots).toHaveBeenCalledTimes(1);
    expect([...all.keys()].sort()).toEqual(['ai.copilot', 'ai.copilot.v2', 'ai.copilot.v3', 'replies']);
    for (const [name, decision] of all) expect(decision).toEqual(provider.engine.decide(name, ada));
  });

  it('counts no usage', async () => {
    const { provider, flags } = await serve([feature(), change({}, [variant('v')]), plain('replies', { gated: true })]);
    provider.engine.decideAll(ada);
    provider.engine.decideAll({ ...ada, tenantId: 'globex' });
    expect([flags.counts, flags.impressions]).toEqual([[], []]);
  });
});

describe('usage', () => {
  const usageOf = async (definitions: ReturnType<typeof feature>[], name: string, context: object = ada) => {
    const { client, flags } = await serve(definitions);
    await client.getBooleanValue(name, true, { ...context });
    expect(flags.impressions).toEqual(flags.counts);
    return flags.counts;
  };
  const both = [feature(), change({}, [variant('v')])];
  const globex = { ...ada, tenantId: 'globex' };

  it('of a change counts the change with its variant', async () => {
    expect(await usageOf(both, 'ai.copilot.v2')).toEqual([['ai.copilot.v2', true, 'v']]);
    expect(await usageOf(both, 'ai.copilot.v2', globex)).toEqual([['ai.copilot.v2', false, undefined]]);
  });

  it('of a feature counts the feature and the change that decided', async () => {
    expect(await usageOf(both, 'ai.copilot')).toEqual([
      ['ai.copilot', true, undefined],
      ['ai.copilot.v2', true, 'v'],
    ]);
    expect(await usageOf(both, 'ai.copilot', globex)).toEqual([['ai.copilot', false, undefined]]);
    expect(await usageOf([feature()], 'ai.copilot')).toEqual([['ai.copilot', true, undefined]]);
  });

  it('counts a holdout as an exposure, and not a shadow run', async () => {
    const holdout = [feature(), change({}, [variant('off')])];
    expect(await usageOf(holdout, 'ai.copilot')).toEqual([
      ['ai.copilot', false, undefined],
      ['ai.copilot.v2', false, 'off'],
    ]);
    expect(await usageOf(holdout, 'ai.copilot.v2')).toEqual([['ai.copilot.v2', false, 'off']]);
    expect(await usageOf([feature(), change({ mode: 'shadow' }, [variant('v')])], 'ai.copilot')).toEqual([
      ['ai.copilot', false, undefined],
    ]);
  });

  it('of a gated flag is counted by the platform if open, by the provider if closed', async () => {
    const { provider, flags } = await serve([feature(), plain('replies', { gated: true })]);
    provider.engine.decide('replies', ada);
    provider.engine.decide('replies', globex);
    expect(flags.counts).toEqual([
      ['replies', true, undefined],
      ['replies', false, undefined],
    ]);
    expect(flags.impressions).toEqual([['replies', false, undefined]]);
  });
});

describe('a failure', () => {
  const definitions = [feature(), change(), plain('replies', { gated: true })];
  const boom = (): never => {
    throw new Error('boom for ada@example.com');
  };

  const sources: [string, ControlSource, string[]][] = [
    ['the control source', { read: boom }, ['ai.copilot', 'ai.copilot.v2', 'replies']],
    [
      'loading the control state',
      { read: () => undefined, load: () => Promise.reject(new Error('down')) },
      ['ai.copilot'],
    ],
  ];

  it.each(sources)('of %s closes AI flags', async (_, control, names) => {
    const { client, lines } = await serve(definitions, { control });
    for (const name of names) {
      const details = await client.getBooleanDetails(name, true, ada);
      expect(details).toMatchObject({ value: false, flagMetadata: { gate: 'consent', detail: 'unknown' } });
      expect(details.errorCode).toBeUndefined();
    }
    expect(lines.join()).toContain('closed');
    expect(lines.join()).not.toContain('ada');
  });

  it('of the platform behind open gates closes the flag', async () => {
    const { client, provider, flags, lines } = await serve(definitions);
    flags.variantBehindGate = boom;
    const details = await client.getBooleanDetails('replies', true, ada);
    expect(details).toMatchObject({ value: false, flagMetadata: { gate: 'config', detail: 'failed' } });
    expect(details.errorCode).toBeUndefined();
    expect(provider.engine.decideAll(ada).get('replies')).toMatchObject({ enabled: false, gate: 'config' });
    expect(provider.engine.decideAll(ada).get('ai.copilot')).toMatchObject({ enabled: true });
    expect(lines[0]).toBe('error rampart: deciding replies failed (Error); it is closed');
  });

  it('of counting changes no decision', async () => {
    const { client, flags } = await serve(definitions);
    flags.count = boom;
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
  });

  it('is none while an asynchronous evaluation waits for the control state', async () => {
    const consent = consented();
    let loaded = false;
    const load = vi.fn<() => Promise<void>>(async () => {
      loaded = true;
    });
    const read: ControlSource['read'] = (tenantId, atLeast) => (loaded ? consent.read(tenantId, atLeast) : undefined);
    const { client, provider } = await serve(definitions, { control: { read, load } });
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
    expect(load).toHaveBeenCalledWith('acme', undefined);
    expect(provider.engine.decide('ai.copilot', ada).enabled).toBe(true);
  });

  it('is none: a synchronous decision closes and fetches the control state for the next call', async () => {
    const consent = consented();
    const read = vi.fn<ControlSource['read']>(() => undefined);
    const load = async (): Promise<void> => void read.mockImplementation((tenantId) => consent.read(tenantId));
    const { provider } = await serve(definitions, { control: { read, load } });
    expect(provider.engine.decide('ai.copilot', ada)).toMatchObject({ enabled: false, detail: 'unknown' });
    expect(provider.engine.decide('ai.copilot', ada).enabled).toBe(true);
  });

  it('is none: concurrent evaluations share one load of a control state', async () => {
    const load = vi.fn<() => Promise<void>>(() => new Promise((resolve) => setImmediate(resolve)));
    const { client } = await serve(definitions, { control: { read: () => undefined, load } });
    await Promise.all([1, 2, 3].map(() => client.getBooleanValue('ai.copilot', true, ada)));
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('a consentRevision ahead of the log closes; the revision of a write does not', async () => {
    const control = new InMemoryControl();
    const { client } = await serve(definitions, { control });
    const revision = control.apply({
      kind: 'consent',
      tenant: 'acme',
      featureClass: 'copilot',
      consent: { state: 'opt_in' },
    });
    expect(await client.getBooleanValue('ai.copilot', false, { ...ada, consentRevision: revision })).toBe(true);
    expect(await client.getBooleanValue('ai.copilot', true, { ...ada, consentRevision: '99' })).toBe(false);
  });
});

describe('observe', () => {
  const definitions = [feature({ minTier: 'pro' }), plain('flag'), plain('other')];
  const observe = { flag: 'ai.copilot', other: 'ai.gone', constructor: 'ai.copilot' };
  const free = { ...ada, tier: 'free' };

  it('logs once what gating would close, and changes no evaluation', async () => {
    const { client, flags, lines } = await serve(definitions, { observe });
    flags.answers.set('flag', { name: 'v', enabled: true, payload: { type: 'string', value: 'text' } });
    for (const context of [free, free, ada]) {
      expect(await client.getBooleanDetails('flag', false, context)).toMatchObject({ value: true, flagMetadata: {} });
      expect(await client.getStringValue('flag', '', context)).toBe('text');
    }
    expect(lines).toEqual([
      'warn rampart: observe: flag is on for acme; behind ai.copilot it would be paywall at gate tier (tier_too_low)',
    ]);
    expect(flags.counts).toEqual([]);
  });

  it('logs nothing if the flag is off, and reports a missing feature', async () => {
    const { client, flags, lines } = await serve(definitions, { observe });
    flags.answers.set('flag', { featureEnabled: false });
    await client.getBooleanValue('flag', false, free);
    expect(lines).toEqual([]);
    await client.getBooleanValue('other', false, free);
    expect(lines).toEqual([expect.stringContaining('behind ai.gone it would be off at gate config')]);
  });
});
