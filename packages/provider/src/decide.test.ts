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
  it('answers an AI flag as the object value does', async () => {
    const { provider, client } = await serve([feature(), change({}, [variant('v', 'json', '{"a":1}')])]);
    expect(provider.decide('ai.copilot', ada)).toEqual(await client.getObjectValue('ai.copilot', {}, ada));
  });

  it.each([
    [
      'on',
      { name: 'v', enabled: true, payload: { type: 'json', value: '{"a":1}' } },
      { enabled: true, outcome: 'enabled', gate: 'open', variant: 'v', binding: { a: 1 } },
    ],
    ['on without a variant', {}, { enabled: true, gate: 'open', variant: undefined, binding: undefined }],
    ['off by its strategies', { featureEnabled: false }, { enabled: false, outcome: 'off', gate: 'targeting' }],
  ])('answers an ordinary and a gated flag that is %s', async (_, answer, expected) => {
    const { provider, flags } = await serve([feature(), plain('flag'), plain('replies', { gated: true })]);
    flags.answers.set('flag', answer).set('replies', answer);
    expect(provider.decide('flag', ada)).toMatchObject({ ...expected, feature: undefined });
    expect(provider.decide('replies', ada)).toMatchObject({ ...expected, feature: 'ai.copilot' });
  });

  it('answers ordinary flags that are off, and missing ones', async () => {
    const { provider } = await serve([plain('flag', { enabled: false })]);
    expect(provider.decide('flag', ada)).toMatchObject({ enabled: false, gate: 'flag', detail: 'off' });
    expect(provider.decide('__proto__', ada)).toMatchObject({ enabled: false, gate: 'flag', detail: 'not_found' });
  });

  it('never asks the platform about a gated flag whose gates are closed', async () => {
    const { provider, flags } = await serve([feature(), plain('replies', { gated: true })]);
    expect(provider.decide('replies', { ...ada, aiOptOut: true })).toMatchObject({ enabled: false, gate: 'exclusion' });
    expect(flags.asked).toEqual([]);
  });

  it('gates a flag by the map as by a parent', async () => {
    const flags = new FakeFlags();
    flags.gates.set('replies', 'ai.copilot');
    const { provider } = await serve([feature(), plain('replies')], {}, flags);
    expect(provider.decide('replies', ada).enabled).toBe(true);
    expect(provider.decide('replies', { ...ada, aiOptOut: true }).enabled).toBe(false);
    expect(flags.asked).toEqual([['behind', 'replies', 'ai.copilot', ada]]);
  });

  it('reads the names of a context as configured', async () => {
    const { provider } = await serve([feature({ minTier: 'pro' })], {
      contextNames: { tenantId: 'org', tier: 'plan' },
    });
    expect(provider.decide('ai.copilot', { org: 'acme', plan: 'pro' }).enabled).toBe(true);
  });

  it('follows the tier ladder of the options', async () => {
    const { provider } = await serve([feature({ minTier: 'pro' })], { tiers: ['pro', 'free'] });
    expect(provider.decide('ai.copilot', { ...ada, tier: 'free' }).enabled).toBe(true);
  });
});

describe('decideAll', () => {
  it('gives every AI flag what decide gives, over one snapshot and one control state', async () => {
    const { provider, flags } = await serve([
      feature(),
      change({}, [variant('v')]),
      canary('shadow'),
      plain('flag'),
      plain('replies', { gated: true }),
    ]);
    flags.answers.set('replies', { featureEnabled: false });
    const snapshots = vi.spyOn(flags, 'snapshot');
    const all = provider.decideAll(ada);
    expect(snapshots).toHaveBeenCalledTimes(1);
    expect([...all.keys()].sort()).toEqual(['ai.copilot', 'ai.copilot.v2', 'ai.copilot.v3', 'replies']);
    for (const [name, decision] of all) expect(decision).toEqual(provider.decide(name, ada));
  });

  it('counts nothing', async () => {
    const { provider, flags } = await serve([feature(), change({}, [variant('v')]), plain('replies', { gated: true })]);
    provider.decideAll(ada);
    provider.decideAll({ ...ada, tenantId: 'globex' });
    expect([flags.counts, flags.impressions]).toEqual([[], []]);
  });
});

describe('usage', () => {
  const asked = async (definitions: ReturnType<typeof feature>[], name: string, context: object = ada) => {
    const { client, flags } = await serve(definitions);
    await client.getBooleanValue(name, true, { ...context });
    expect(flags.impressions).toEqual(flags.counts);
    return flags.counts;
  };
  const both = [feature(), change({}, [variant('v')])];
  const globex = { ...ada, tenantId: 'globex' };

  it('asked of a change: the change with its variant', async () => {
    expect(await asked(both, 'ai.copilot.v2')).toEqual([['ai.copilot.v2', true, 'v']]);
    expect(await asked(both, 'ai.copilot.v2', globex)).toEqual([['ai.copilot.v2', false, undefined]]);
  });

  it('asked of a feature: the feature, and the change that answered', async () => {
    expect(await asked(both, 'ai.copilot')).toEqual([
      ['ai.copilot', true, undefined],
      ['ai.copilot.v2', true, 'v'],
    ]);
    expect(await asked(both, 'ai.copilot', globex)).toEqual([['ai.copilot', false, undefined]]);
    expect(await asked([feature()], 'ai.copilot')).toEqual([['ai.copilot', true, undefined]]);
  });

  it('a holdout is an exposure, a shadow is none', async () => {
    const holdout = [feature(), change({}, [variant('off')])];
    expect(await asked(holdout, 'ai.copilot')).toEqual([
      ['ai.copilot', false, undefined],
      ['ai.copilot.v2', false, 'off'],
    ]);
    expect(await asked(holdout, 'ai.copilot.v2')).toEqual([['ai.copilot.v2', false, 'off']]);
    expect(await asked([feature(), change({ mode: 'shadow' }, [variant('v')])], 'ai.copilot')).toEqual([
      ['ai.copilot', false, undefined],
    ]);
  });

  it('a gated flag: by the platform where open, by the provider where closed', async () => {
    const { provider, flags } = await serve([feature(), plain('replies', { gated: true })]);
    provider.decide('replies', ada);
    provider.decide('replies', globex);
    expect(flags.counts).toEqual([
      ['replies', true, undefined],
      ['replies', false, undefined],
    ]);
    expect(flags.impressions).toEqual([['replies', false, undefined]]);
  });
});

describe('what fails closes', () => {
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

  it.each(sources)('%s', async (_, control, names) => {
    const { client, lines } = await serve(definitions, { control });
    for (const name of names) {
      const details = await client.getBooleanDetails(name, true, ada);
      expect(details).toMatchObject({ value: false, flagMetadata: { gate: 'consent', detail: 'unknown' } });
      expect(details.errorCode).toBeUndefined();
    }
    expect(lines.join()).toContain('closed');
    expect(lines.join()).not.toContain('ada');
  });

  it('the platform, behind open gates', async () => {
    const { client, provider, flags, lines } = await serve(definitions);
    flags.variantBehindGate = boom;
    const details = await client.getBooleanDetails('replies', true, ada);
    expect(details).toMatchObject({ value: false, flagMetadata: { gate: 'config', detail: 'failed' } });
    expect(details.errorCode).toBeUndefined();
    expect(provider.decideAll(ada).get('replies')).toMatchObject({ enabled: false, gate: 'config' });
    expect(provider.decideAll(ada).get('ai.copilot')).toMatchObject({ enabled: true });
    expect(lines[0]).toBe('error rampart: deciding replies failed (Error); it is closed');
  });

  it('counting that fails changes no answer', async () => {
    const { client, flags } = await serve(definitions);
    flags.count = boom;
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
  });

  it('a control state that is not at hand is waited for', async () => {
    const known = consented();
    let loaded = false;
    const load = vi.fn<() => Promise<void>>(async () => {
      loaded = true;
    });
    const read: ControlSource['read'] = (tenantId, atLeast) => (loaded ? known.read(tenantId, atLeast) : undefined);
    const { client, provider } = await serve(definitions, { control: { read, load } });
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
    expect(load).toHaveBeenCalledWith('acme', undefined);
    expect(provider.decide('ai.copilot', ada).enabled).toBe(true);
  });

  it('deciding at once fetches a control state that is not at hand for the next call', async () => {
    const known = consented();
    const read = vi.fn<ControlSource['read']>(() => undefined);
    const load = async (): Promise<void> => void read.mockImplementation((tenantId) => known.read(tenantId));
    const { provider } = await serve(definitions, { control: { read, load } });
    expect(provider.decide('ai.copilot', ada)).toMatchObject({ enabled: false, detail: 'unknown' });
    expect(provider.decide('ai.copilot', ada).enabled).toBe(true);
  });

  it('callers who lack the same control state share one load', async () => {
    const load = vi.fn<() => Promise<void>>(() => new Promise((resolve) => setImmediate(resolve)));
    const { client } = await serve(definitions, { control: { read: () => undefined, load } });
    await Promise.all([1, 2, 3].map(() => client.getBooleanValue('ai.copilot', true, ada)));
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('a consentRevision ahead of the log closes; one that a write returned does not', async () => {
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

  it('logs what gating would close, once, and changes nothing', async () => {
    const { client, flags, lines } = await serve(definitions, { observe });
    flags.answers.set('flag', { name: 'v', enabled: true, payload: { type: 'string', value: 'text' } });
    for (const context of [free, free, ada]) {
      expect(await client.getBooleanDetails('flag', false, context)).toMatchObject({ value: true, flagMetadata: {} });
      expect(await client.getStringValue('flag', '', context)).toBe('text');
    }
    expect(lines).toEqual([
      'warn rampart: observe: flag is on for acme; behind ai.copilot it would be paywall at gate tier (below)',
    ]);
    expect(flags.counts).toEqual([]);
  });

  it('is silent where the flag is off, and tells of a feature that is missing', async () => {
    const { client, flags, lines } = await serve(definitions, { observe });
    flags.answers.set('flag', { featureEnabled: false });
    await client.getBooleanValue('flag', false, free);
    expect(lines).toEqual([]);
    await client.getBooleanValue('other', false, free);
    expect(lines).toEqual([expect.stringContaining('behind ai.gone it would be off at gate config')]);
  });
});
