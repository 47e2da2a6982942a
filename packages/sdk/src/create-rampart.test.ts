import { OpenFeature } from '@openfeature/server-sdk';
import { Unleash, type UnleashConfig } from 'unleash-client';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { createRampart, type Rampart } from './create-rampart.js';
import { rampartStrategies, type TelemetryOptions, telemetryHook } from './index.js';
import type { RampartOptions } from './options.js';

const feature = {
  name: 'ai.copilot',
  enabled: true,
  strategies: [
    { name: 'aiAccess', parameters: { featureClass: 'copilot', consent: 'opt_out', minTier: 'pro' }, constraints: [] },
  ],
};

const change = {
  name: 'ai.copilot.v1',
  enabled: true,
  dependencies: [{ feature: 'ai.copilot' }],
  strategies: [
    {
      name: 'aiStage',
      parameters: { stage: 'ga', rollout: '100', groupId: 'v1' },
      constraints: [],
      variants: [{ name: 'a', weight: 1000, payload: { type: 'json', value: '{"model":"m"}' }, stickiness: 'default' }],
    },
  ],
};

const parent = { name: 'parent', enabled: true, strategies: [{ name: 'default', parameters: {}, constraints: [] }] };
const legacy = { ...parent, name: 'legacy', dependencies: [{ feature: 'parent' }] };

type EvaluationAttributes = Parameters<NonNullable<TelemetryOptions['record']>>[0]['attributes'];

const pro = { targetingKey: 'ana', tenantId: 'acme', tier: 'pro' };
const free = { targetingKey: 'ana', tenantId: 'acme', tier: 'free' };

const offline: UnleashConfig = {
  url: 'http://127.0.0.1:9/api',
  appName: 'sdk-test',
  refreshInterval: 0,
  disableMetrics: true,
  skipInstanceCountWarning: true,
  storageProvider: { get: async () => undefined, set: async () => {} },
  bootstrap: { data: [feature, change, parent, legacy] as never },
};

const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };

let rampart: Rampart | undefined;
let round = 0;

async function start(options: Partial<RampartOptions> = {}) {
  rampart = createRampart({ unleash: offline, initTimeoutMs: 50, logger, ...options });
  const domain = `sdk-${(round += 1)}`;
  await OpenFeature.setProviderAndWait(domain, rampart.provider);
  return OpenFeature.getClient(domain);
}

afterEach(async () => {
  await rampart?.close();
  vi.clearAllMocks();
});

describe('createRampart', () => {
  it('joins flags, consent and OpenFeature', async () => {
    const client = await start();
    expect(await client.getObjectValue('ai.copilot', {}, pro)).toMatchObject({
      outcome: 'enabled',
      change: 'ai.copilot.v1',
      binding: { model: 'm' },
    });
    expect(rampart?.decide('ai.copilot', free)).toMatchObject({
      outcome: 'paywall',
      paywall: { requiredTier: 'pro', currentTier: 'free' },
    });
    expect([...(rampart?.decideAll(pro) ?? [])].map(([name, { enabled }]) => [name, enabled])).toEqual([
      ['ai.copilot', true],
      ['ai.copilot.v1', true],
    ]);
    expect(
      rampart
        ?.explain('ai.copilot', free)
        .gates.filter(({ open }) => !open)
        .map(({ gate, detail }) => [gate, detail]),
    ).toEqual([['tier', 'tier_too_low']]);
  });

  it('has a control in memory where none is given, and its changes count with the next question', async () => {
    const joined = createRampart({ unleash: offline, initTimeoutMs: 50, logger });
    rampart = joined;
    await OpenFeature.setProviderAndWait('memory', joined.provider);
    const revision = joined.control.apply({
      kind: 'consent',
      tenant: 'acme',
      featureClass: 'copilot',
      consent: { state: 'opt_out' },
    });
    expect(joined.decide('ai.copilot', pro)).toMatchObject({
      outcome: 'off',
      gate: 'consent',
      detail: 'opted_out',
      revisions: { consent: revision },
    });
    expect(joined.decide('ai.copilot', { ...pro, consentRevision: '99' })).toMatchObject({
      gate: 'consent',
      detail: 'unknown',
    });
  });

  it('takes an instance that knows the strategies, and leaves it running', async () => {
    const destroyed = vi.spyOn(Unleash.prototype, 'destroy');
    const unleash: Unleash = new Unleash({ ...offline, disableAutoStart: true, strategies: rampartStrategies() });
    const client = await start({ unleash });
    expect(await client.getBooleanValue('ai.copilot', false, pro)).toBe(true);
    await rampart?.close();
    expect(destroyed).not.toHaveBeenCalled();
    unleash.destroy();
    destroyed.mockRestore();
  });

  it('closes a binding that does not fit its schema, and says so', async () => {
    const client = await start({ bindings: { 'ai.copilot': z.object({ model: z.string(), prompt: z.string() }) } });
    expect(await client.getObjectValue('ai.copilot', {}, pro)).toMatchObject({
      outcome: 'off',
      gate: 'config',
      detail: 'binding of variant a',
    });
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('ai.copilot.v1'));
  });

  it('types a binding by its schema', async () => {
    const joined = createRampart({
      unleash: offline,
      initTimeoutMs: 50,
      logger,
      bindings: { 'ai.copilot': z.object({ model: z.string(), temperature: z.number().default(0.2) }) },
    });
    rampart = joined;
    await joined.provider.initialize();
    const binding = joined.bindingOf('ai.copilot', joined.decide('ai.copilot', pro));
    expectTypeOf(binding).toEqualTypeOf<{ model: string; temperature: number } | undefined>();
    expect(binding).toEqual({ model: 'm', temperature: 0.2 });
    expect(joined.bindingOf('ai.copilot', joined.decide('ai.copilot', free))).toBeUndefined();
    // @ts-expect-error a feature without a schema has no type
    expect(joined.bindingOf('ai.other', joined.decide('ai.copilot', pro))).toBeUndefined();
  });

  it('runs the hooks it is given, with the decision in their words', async () => {
    const records: EvaluationAttributes[] = [];
    const client = await start({ hooks: [telemetryHook({ record: ({ attributes }) => records.push(attributes) })] });
    await client.getBooleanValue('ai.copilot', false, free);
    expect(records).toEqual([
      expect.objectContaining({
        'feature_flag.key': 'ai.copilot',
        'rampart.outcome': 'paywall',
        'rampart.gate': 'tier',
      }),
    ]);
  });

  it('gates a flag that has a parent already', async () => {
    const client = await start({ gates: { legacy: 'ai.copilot' } });
    expect(await client.getBooleanValue('legacy', true, pro)).toBe(true);
    expect(await client.getBooleanDetails('legacy', true, free)).toMatchObject({
      value: false,
      flagMetadata: { gate: 'tier', outcome: 'paywall' },
    });
  });

  it('only watches under observe', async () => {
    const client = await start({ observe: { legacy: 'ai.copilot' } });
    expect(await client.getBooleanValue('legacy', false, free)).toBe(true);
    const said = [...logger.info.mock.calls, ...logger.warn.mock.calls].flat().join('\n');
    expect(said).toContain('legacy');
    expect(said).not.toContain('ana');
  });

  it('asks the directory for what the context lacks, once for many', async () => {
    const directory = vi.fn(async () => ({ tier: 'pro' }));
    const client = await start({ directory: { lookup: directory } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.getBooleanValue('ai.copilot', false, { targetingKey: 'ana', tenantId: 'acme' }),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([true]));
    expect(directory).toHaveBeenCalledTimes(1);
    const { decision, gates } = (rampart as Rampart).explain('ai.copilot', { targetingKey: 'ana', tenantId: 'acme' });
    expect(decision).toMatchObject({ enabled: true });
    expect(gates.find(({ gate }) => gate === 'tier')?.saw).toContain('tier pro');
  });

  it('closes where the directory fails', async () => {
    const client = await start({ directory: { lookup: async () => Promise.reject(new Error('down')) } });
    expect(await client.getBooleanDetails('ai.copilot', true, { targetingKey: 'ana', tenantId: 'acme' })).toMatchObject(
      {
        value: false,
        flagMetadata: { gate: 'tier', detail: 'missing' },
      },
    );
  });
});

describe('options', () => {
  it.each<[string, object, RegExp]>([
    ['no unleash', { unleash: undefined }, /unleash: pass Unleash's own options/],
    ['a url that is none', { unleash: { url: 'unleash', appName: 'x' } }, /unleash\.url: "unleash" is no URL/],
    ['no app name', { unleash: { url: 'http://localhost/api' } }, /unleash\.appName/],
    [
      'a timeout that never fetches',
      { unleash: { ...offline, timeout: 300 } },
      /unleash\.timeout = 300: use at least 1000/,
    ],
    ['an unknown option', { cache: true }, /unknown option cache/],
    ['an empty ladder', { tiers: [] }, /tiers/],
    ['a tier in two cases', { tiers: ['Pro', 'pro'] }, /tiers: names a tier twice: "Pro" and "pro"/],
    ['a tier that no list can hold', { tiers: ['free;pro'] }, /tiers: .*U\+003B/],
    ['a tier twice', { tiers: ['a', 'a'] }, /tiers: names a tier twice/],
    ['an unknown fact', { contextNames: { tenant: 'org' } }, /unknown option contextNames\.tenant/],
    ['a negative time', { initTimeoutMs: -1 }, /initTimeoutMs = -1/],
    ['a control that is none', { control: {} }, /control: name a database, or pass what createControl returned/],
    ['a directory that is no function', { directory: {} }, /directory\.lookup/],
    ['a schema that is none', { bindings: { 'ai.copilot': {} } }, /bindings\.ai\.copilot: must be a schema/],
    ['one flag gated and observed', { gates: { a: 'b' }, observe: { a: 'b' } }, /a stands in gates and in observe/],
  ])('%s is refused with its name and the fix', (_what, options, message) => {
    expect(() => createRampart({ unleash: offline, ...options } as RampartOptions)).toThrow(message);
  });

  it('never shows a token', () => {
    const unleash = { url: 'nowhere', appName: 'x', customHeaders: { Authorization: 'secret-token' } };
    expect(() => createRampart({ unleash })).toThrow(/^(?!.*secret-token)/);
  });
});
