import { DEFAULT_SETTINGS, decide, InMemoryControl, readSubject } from '@rampart/core';
import { Strategy, Unleash } from 'unleash-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UnleashFlagSource } from './flag-source.js';
import { rampartStrategies } from './strategies.js';

const consented = new InMemoryControl();
consented.apply({ kind: 'consent', tenant: 'acme', featureClass: 'copilot', consent: { state: 'opt_in' } });

const feature = {
  name: 'ai.copilot',
  enabled: true,
  strategies: [
    {
      name: 'aiAccess',
      parameters: { featureClass: 'copilot', minTier: 'pro' },
      constraints: [{ contextName: 'plan', operator: 'NOT_IN', values: ['legacy'], inverted: false }],
    },
  ],
};

const variant = (name: string, weight: number) => ({
  name,
  weight,
  stickiness: 'default',
  payload: { type: 'json', value: JSON.stringify({ model: name }) },
});

const change = {
  name: 'ai.copilot.v2',
  enabled: true,
  dependencies: [{ feature: 'ai.copilot' }],
  strategies: [
    {
      name: 'aiStage',
      parameters: { stage: 'ga', rollout: '100', groupId: 'ai.copilot.v2' },
      constraints: [],
      variants: [variant('small', 500), variant('large', 500)],
    },
  ],
};

const gated = {
  name: 'replies',
  enabled: true,
  dependencies: [{ feature: 'ai.copilot' }],
  strategies: [{ name: 'default', parameters: {}, constraints: [] }],
};
const plain = { name: 'plain', enabled: true, strategies: [{ name: 'default', parameters: {}, constraints: [] }] };

const acme = { targetingKey: 'u1', tenantId: 'acme', tier: 'pro' };

let running: { source: UnleashFlagSource; unleash: Unleash } | undefined;

async function source(flags: object[] = [feature, change, gated, plain], custom: Strategy[] = []) {
  const unleash: Unleash = new Unleash({
    url: 'http://127.0.0.1:9/api',
    appName: 'flag-source-test',
    disableAutoStart: true,
    refreshInterval: 0,
    metricsInterval: 0,
    skipInstanceCountWarning: true,
    storageProvider: { get: async () => undefined, set: async () => {} },
    bootstrap: { data: flags as never },
    strategies: [
      ...custom,
      ...rampartStrategies({ flags: () => unleash.getFeatureToggleDefinitions(true), control: consented }),
    ],
  });
  running = { source: new UnleashFlagSource({ unleash }), unleash };
  running.source.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return running;
}

afterEach(async () => {
  await running?.source.stop();
});

const decideOf = (flags: UnleashFlagSource, name: string, attributes: Record<string, unknown>) =>
  decide(
    flags.snapshot(),
    name,
    readSubject(attributes),
    consented.read(attributes['tenantId'] as string),
    DEFAULT_SETTINGS,
  );

describe('stop', () => {
  it('survives the failure of a fetch in progress after stop', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const fetches: ((reason: Error) => void)[] = [];
    const unleash = new Unleash({
      url: 'http://127.0.0.1:9/api',
      appName: 'flag-source-test',
      disableAutoStart: true,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: { get: async () => undefined, set: async () => {} },
      refreshInterval: 10,
      customHeadersFunction: () => new Promise((_, reject) => fetches.push(reject)),
    });
    const stopped = new UnleashFlagSource({ unleash });
    stopped.start();
    await vi.waitFor(() => expect(fetches).toHaveLength(1));
    fetches[0]?.(new Error('away'));
    await vi.waitFor(() => expect(fetches).toHaveLength(2));
    await stopped.stop();
    fetches[1]?.(new Error('gone'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('flag source', () => {
  it('decides a change with its variant and binding', async () => {
    const flags = await source();
    const { decision, reason } = decideOf(flags.source, 'ai.copilot.v2', acme);
    expect(decision).toMatchObject({ outcome: 'enabled', gate: 'open', stage: 'ga', mode: 'suggestion' });
    expect(decision.binding).toEqual({ model: decision.variant });
    expect(reason).toBe('SPLIT');
  });

  it('shows the paywall only where paying unlocks', async () => {
    const flags = await source();
    expect(decideOf(flags.source, 'ai.copilot', { ...acme, tier: 'free' }).decision).toMatchObject({
      outcome: 'paywall',
      gate: 'tier',
    });
    expect(decideOf(flags.source, 'ai.copilot', { ...acme, tier: 'free', plan: 'legacy' }).decision).toMatchObject({
      outcome: 'off',
      gate: 'targeting',
    });
  });

  it('holds direct questions to the same gates', async () => {
    const { unleash } = await source();
    const open = { userId: 'u1', properties: { tenantId: 'acme', tier: 'pro' } };
    expect(unleash.isEnabled('ai.copilot.v2', open)).toBe(true);
    expect(unleash.isEnabled('replies', open)).toBe(true);
    expect(unleash.isEnabled('ai.copilot.v2', { userId: 'u1', properties: { tenantId: 'other', tier: 'pro' } })).toBe(
      false,
    );
    expect(unleash.isEnabled('replies', { userId: 'u1', properties: { tenantId: 'other', tier: 'pro' } })).toBe(false);
  });

  it('counts what it is asked, and nothing of a bulk question', async () => {
    const { source: flags, unleash } = await source();
    const counted: unknown[] = [];
    vi.spyOn(unleash, 'count').mockImplementation((name, enabled) => void counted.push([name, enabled]));
    expect(flags.variantBehindGate('replies', 'ai.copilot', acme, false).featureEnabled).toBe(true);
    expect(counted).toEqual([]);
    expect(flags.variantBehindGate('replies', 'ai.copilot', acme).featureEnabled).toBe(true);
    expect(counted).toEqual([['replies', true]]);
  });

  it('does not lend a grant to an evaluation nested inside the granted one', async () => {
    const nested: boolean[] = [];
    class Nosy extends Strategy {
      override isEnabled(): boolean {
        nested.push(running?.unleash.isEnabled('replies', { properties: { tenantId: 'other', tier: 'pro' } }) ?? true);
        nested.push(running?.source.variant('second', { ...acme, tenantId: 'other' }).featureEnabled ?? true);
        return true;
      }
    }
    const custom = { name: 'nosy', enabled: true, strategies: [{ name: 'nosy', parameters: {}, constraints: [] }] };
    const child = { ...custom, dependencies: [{ feature: 'ai.copilot' }] };
    const { source: flags } = await source([feature, gated, { ...gated, name: 'second' }, child], [new Nosy('nosy')]);
    expect(flags.variantBehindGate('nosy', 'ai.copilot', acme).featureEnabled).toBe(true);
    expect(nested).toEqual([false, false]);
  });

  it('reports one impression of what was served, in the words of the context', async () => {
    const { source: flags, unleash } = await source([feature, { ...change, impressionData: true }]);
    const events: Record<string, unknown>[] = [];
    unleash.on('impression', (event) => events.push(event));
    const subject = readSubject({ ...acme, tier: 'enterprise' });
    flags.impression('ai.copilot.v2', subject, true, 'small');
    flags.impression('ai.copilot', subject, true, undefined);
    expect(events).toEqual([
      {
        eventType: 'getVariant',
        eventId: expect.any(String),
        featureName: 'ai.copilot.v2',
        enabled: true,
        variant: 'small',
        context: {
          userId: 'u1',
          appName: 'flag-source-test',
          environment: 'default',
          properties: { tenantId: 'acme', tier: 'enterprise' },
        },
      },
    ]);
  });

  it('holds a direct question to the constraints of this moment, though the rule is the object it was', async () => {
    const segment = (values: string[]) => ({
      id: 1,
      constraints: [{ contextName: 'plan', operator: 'IN', values, inverted: false }],
    });
    const [rule] = change.strategies;
    const { unleash } = await source([feature, { ...change, strategies: [{ ...rule, segments: [1] }] }]);
    const { repository } = unleash as unknown as { repository: { segments: Map<number, object> } };
    const open = { userId: 'u1', properties: { tenantId: 'acme', tier: 'pro', plan: 'team' } };
    repository.segments.set(1, segment(['team']));
    expect(unleash.isEnabled('ai.copilot.v2', open)).toBe(true);
    repository.segments.set(1, segment(['solo']));
    expect(unleash.isEnabled('ai.copilot.v2', open)).toBe(false);
  });

  it('grants one evaluation of a gated flag, not the next', async () => {
    const flags = await source();
    const other = { ...acme, tenantId: 'other' };
    expect(flags.source.variantBehindGate('replies', 'ai.copilot', other).featureEnabled).toBe(true);
    expect(flags.source.variant('replies', other).featureEnabled).toBe(false);
  });
});

describe('asking without counting', () => {
  it('answers many flags for one context as a counted question does, and counts none', async () => {
    const { source: flags, unleash } = await source();
    const counted = vi.spyOn(unleash, 'count');
    const ask = flags.asker(acme);
    expect(ask('plain')).toEqual({ ...flags.variant('plain', acme), name: 'disabled', featureEnabled: true });
    counted.mockClear();
    for (const name of flags.snapshot().names()) ask(name);
    expect(ask('__proto__')).toMatchObject({ enabled: false, featureEnabled: false });
    expect(counted).not.toHaveBeenCalled();
  });
});

describe('refresh', () => {
  it('fetches once for all who ask while it has not begun, and never rejects', async () => {
    const { source: flags, unleash } = await source();
    const fetch = vi.fn(async () => {
      throw new Error('gone');
    });
    Object.assign((unleash as unknown as { repository: object }).repository, { fetch });
    const errors: unknown[] = [];
    flags.subscribe((event) => event.type === 'error' && errors.push(event.error));
    await Promise.all([flags.refresh(), flags.refresh(), flags.refresh()]);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(errors).toHaveLength(1);
    await flags.refresh();
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('leaves one timer, however often it is asked', async () => {
    vi.useFakeTimers();
    try {
      const unleash = new Unleash({
        url: 'http://127.0.0.1:9/api',
        appName: 'refresh-test',
        disableAutoStart: true,
        refreshInterval: 5_000,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: { get: async () => undefined, set: async () => {} },
      });
      const flags = new UnleashFlagSource({ unleash });
      const { pollingFetcher } = (unleash as unknown as { repository: { fetcher: { pollingFetcher: Polling } } })
        .repository.fetcher;
      pollingFetcher.fetch = async () => pollingFetcher.timedFetch(5_000);
      await flags.refresh();
      await Promise.all([flags.refresh(), pollingFetcher.fetch()]);
      expect(vi.getTimerCount()).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

interface Polling {
  fetch(): Promise<void>;
  timedFetch(interval: number): void;
}

describe('usage that clients counted', () => {
  it('is added to what is reported, names of what every object has left out', async () => {
    const { source: flags, unleash } = await source();
    const { metrics } = unleash as unknown as { metrics: { bucket: { toggles: object }; disabled: boolean } };
    metrics.disabled = false;
    flags.addUsage({
      flag: 'plain',
      yes: 1_000_000,
      no: 2,
      variants: new Map([
        ['a', 3],
        ['__proto__', 4],
      ]),
    });
    flags.addUsage({ flag: '__proto__', yes: 1, no: 0, variants: new Map() });
    expect(metrics.bucket.toggles).toEqual({ plain: { yes: 1_000_000, no: 2, variants: { a: 3 } } });
    expect(Object.hasOwn(Object.prototype, 'yes')).toBe(false);
  });
});

describe('an AI flag that is missing', () => {
  it('is known by its name, by the gates map, or because it was one', async () => {
    const { source: flags, unleash } = await source([feature, { ...change, name: 'summaries' }, gated, plain]);
    const known = () => ['summaries', 'replies', 'plain', 'ai.never'].map((name) => flags.missingKind(name));
    expect(known()).toEqual([undefined, undefined, undefined, 'ai']);
    const left = [feature];
    vi.spyOn(unleash, 'getFeatureToggleDefinitions').mockImplementation((() => left) as never);
    unleash.emit('changed');
    expect(known()).toEqual(['ai', 'gated', undefined, 'ai']);
    left.push({ ...plain, name: 'summaries' } as never);
    unleash.emit('changed');
    expect(flags.missingKind('summaries')).toBeUndefined();
    const named = new UnleashFlagSource({ unleash, owned: false, prefix: 'skill.', gates: { mail: 'copilot' } });
    expect(['skill.x', 'ai.x', 'mail', 'copilot'].map((name) => named.missingKind(name))).toEqual([
      'ai',
      undefined,
      'gated',
      'ai',
    ]);
    await named.stop();
  });
});
