import { type JsonValue, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { InMemoryControl, readDecision } from '@rampart/core';
import { RampartProvider } from '@rampart/openfeature-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { decisionOf } from './answers.js';
import { createFakeClock } from './fake-clock.js';
import { TestFlags } from './test-flags.js';
import { createTestRampart } from './test-rampart.js';

const rampart = createTestRampart();
const client = OpenFeature.getClient('testing');
const decide = async (context: object = {}) =>
  readDecision(await client.getObjectValue('ai.copilot', {}, { ...context }));

beforeAll(() => OpenFeature.setProviderAndWait('testing', rampart.provider));
beforeEach(() => rampart.clear());

afterAll(() => OpenFeature.close());

describe('AI flags', () => {
  it('returns the set decision to every subject', async () => {
    rampart.set('ai.copilot', { binding: { model: 'small' } });
    expect(await decide()).toMatchObject({
      outcome: 'enabled',
      enabled: true,
      gate: 'open',
      mode: 'suggestion',
      binding: { model: 'small' },
    });
    expect(await client.getBooleanValue('ai.copilot', false)).toBe(true);
    expect(rampart.provider.engine.decide('ai.copilot', {})).toMatchObject({ outcome: 'enabled' });
  });

  it('returns the newest matching decision, and off without a match', async () => {
    rampart.set('ai.copilot', { outcome: 'enabled' }, { tier: 'pro' });
    rampart.set('ai.copilot', { outcome: 'paywall' }, { tier: 'free' });
    rampart.set('ai.copilot', { outcome: 'off', gate: 'exclusion', detail: 'hipaa' }, { labels: ['hipaa'] });
    expect((await decide({ tier: 'pro' })).outcome).toBe('enabled');
    expect(await decide({ tier: 'free' })).toMatchObject({
      outcome: 'paywall',
      gate: 'tier',
      paywall: { requiredTier: 'pro' },
    });
    expect(await decide({ tier: 'pro', labels: ['eu', 'hipaa'] })).toMatchObject({
      gate: 'exclusion',
      detail: 'hipaa',
    });
    expect((await decide({})).outcome).toBe('off');
  });

  it.each([
    ['paywall', 'tier', 'TARGETING_MATCH'],
    ['consent_required', 'consent', 'TARGETING_MATCH'],
    ['unavailable', 'kill', 'DISABLED'],
    ['shadow', 'mode', 'TARGETING_MATCH'],
    ['off', 'targeting', 'TARGETING_MATCH'],
  ] as const)('%s is closed at %s, without an error, whatever the default', async (outcome, gate, reason) => {
    rampart.set('ai.copilot', { outcome });
    const details = await client.getBooleanDetails('ai.copilot', true);
    expect(details).toMatchObject({ value: false, reason, flagMetadata: { outcome, gate } });
    expect(details.errorCode).toBeUndefined();
  });

  it('answers for a feature that was never launched as core does', async () => {
    rampart.set('ai.copilot', { outcome: 'off', gate: 'kill' });
    expect(await decide()).toMatchObject({ outcome: 'off', gate: 'kill', detail: 'not_launched', message: undefined });
  });

  it('routes a confidence as the mode allows', async () => {
    rampart.set('ai.copilot', { mode: 'confirmation' });
    expect((await decide({ confidence: 0.99 })).route).toBe('confirm');
    expect((await decide()).route).toBeUndefined();
  });

  it('refuses an answer that contradicts itself', () => {
    expect(() => rampart.set('ai.copilot', { outcome: 'paywall', enabled: true })).toThrow(
      /ai\.copilot: outcome paywall/,
    );
    expect(() => decisionOf('ai.copilot', { outcome: 'off', gate: 'open' })).toThrow(RangeError);
  });

  it('remembers what was asked', async () => {
    rampart.set('ai.copilot', { change: 'ai.copilot.v2', variant: 'b' });
    await decide();
    expect(rampart.evaluations).toEqual([
      { flag: 'ai.copilot', enabled: true, variant: undefined },
      { flag: 'ai.copilot.v2', enabled: true, variant: 'b' },
    ]);
  });
});

describe('ordinary flags', () => {
  it.each<[JsonValue, () => Promise<JsonValue>]>([
    ['text', () => client.getStringValue('plain', '')],
    [2.5, () => client.getNumberValue('plain', 0)],
    [{ a: [1] }, () => client.getObjectValue('plain', {})],
  ])('%j is read as what it is', async (value, read) => {
    rampart.setValue('plain', value);
    expect(await read()).toEqual(value);
    expect(await client.getBooleanValue('plain', false)).toBe(true);
  });

  it('false is off, and a flag that was not set is not found', async () => {
    rampart.setValue('plain', false);
    expect(await client.getBooleanValue('plain', true)).toBe(false);
    expect((await client.getBooleanDetails('other', true)).errorCode).toBe('FLAG_NOT_FOUND');
  });
});

describe('an AI flag for which nothing was set', () => {
  it('is closed without an error code, and logged once', async () => {
    const lines: string[] = [];
    const keep = (line: string) => void lines.push(line);
    const logger = { error: keep, warn: keep, info: () => {}, debug: () => {} };
    const other = createTestRampart({ prefix: 'skill.', gates: { mail: 'copilot' }, logger });
    OpenFeature.setProvider('unset', other.provider);
    const unset = OpenFeature.getClient('unset');
    for (const name of ['skill.x', 'mail', 'copilot', 'skill.x']) {
      const details = await unset.getBooleanDetails(name, true);
      expect(details).toMatchObject({ value: false, reason: 'DISABLED', flagMetadata: { gate: 'flag' } });
      expect(details.errorCode).toBeUndefined();
    }
    await OpenFeature.setProviderAndWait('unset', other.provider);
    await new Promise((resolve) => setImmediate(resolve));
    for (const name of ['skill.x', 'mail', 'skill.x']) await unset.getBooleanValue(name, true);
    expect((await unset.getBooleanDetails('ai.x', true)).errorCode).toBe('FLAG_NOT_FOUND');
    expect(lines.filter((line) => line.includes('skill.x'))).toHaveLength(1);
    expect(await client.getBooleanValue('ai.unset', true)).toBe(false);
  });
});

it('says what changed', async () => {
  const changed: unknown[] = [];
  client.addHandler(ProviderEvents.ConfigurationChanged, (details) => changed.push(details?.flagsChanged));
  // A provider emits no event before OpenFeature has emitted READY, in the turn before this one.
  await new Promise((resolve) => setImmediate(resolve));
  rampart.set('ai.copilot', {});
  await vi.waitFor(() => expect(changed).toEqual([['ai.copilot']]));
});

it('a fake clock lets a test pass the lifetime of cached facts', async () => {
  const clock = createFakeClock();
  const flags = new TestFlags();
  flags.set('ai.copilot', {}, {});
  let lookups = 0;
  const directory = async () => ({ tier: `tier-${(lookups += 1)}` });
  const provider = new RampartProvider({
    flags,
    control: new InMemoryControl(),
    directory: { lookup: directory, ttlMs: 1_000 },
    now: clock.now,
  });
  await provider.initialize();
  await provider.engine.prepare({ tenantId: 'acme' });
  clock.advance(500);
  await provider.engine.prepare({ tenantId: 'acme' });
  expect(lookups).toBe(1);
  clock.advance(600);
  await provider.engine.prepare({ tenantId: 'acme' });
  expect(lookups).toBe(2);
  await provider.onClose();
});
