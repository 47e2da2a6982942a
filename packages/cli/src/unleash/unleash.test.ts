import http from 'node:http';
import https from 'node:https';
import { DEFAULT_CONTEXT_NAMES, DEFAULT_TIERS, type FlagDefinition, InMemoryControl } from '@rampart/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asClientsSee } from './definitions.js';
import { isEnabled, offlineUnleash } from './offline.js';

const constraint = (contextName: string, ...values: readonly string[]) => ({
  contextName,
  operator: 'IN',
  values,
  inverted: false,
  caseInsensitive: false,
});
const flag = (name: string, rule: object, more: object = {}): FlagDefinition => ({
  name,
  enabled: true,
  strategies: [{ name: 'default', parameters: {}, constraints: [], ...rule }],
  ...more,
});
const segment = { id: 7, name: 's', constraints: [constraint('region', 'eu')] };
const feature = flag('ai.x', { name: 'aiAccess', parameters: { featureClass: 'c' } });

async function offline(...definitions: readonly FlagDefinition[]) {
  const control = new InMemoryControl();
  control.apply({ kind: 'consent', tenant: 'yes', featureClass: 'c', consent: { state: 'opt_in' } });
  return offlineUnleash({ definitions, control, tiers: DEFAULT_TIERS, contextNames: DEFAULT_CONTEXT_NAMES });
}

describe('flags as clients get them', () => {
  it('come without disabled rules, and are not touched otherwise', () => {
    const on = { name: 'default', parameters: {}, disabled: false };
    const off = { name: 'default', parameters: {}, disabled: true };
    const definitions = [
      { name: 'a', enabled: true, strategies: [off, on] },
      { name: 'b', enabled: false },
    ];
    expect(asClientsSee(definitions)).toEqual([{ ...definitions[0], strategies: [on] }, definitions[1]]);
    expect(definitions[0]?.strategies).toHaveLength(2);
  });
});

describe('Unleash offline', () => {
  afterEach(() => vi.restoreAllMocks());

  it('evaluates constraints, also those of segments', async () => {
    const unleash = await offline(
      flag('by-tier', { constraints: [constraint('tier', 'pro')] }),
      flag('by-segment', { segments: [segment] }),
    );
    const answers = (name: string) =>
      [{ tier: 'pro' }, { region: 'eu' }, {}].map((attributes) => isEnabled(unleash, name, attributes));
    expect(answers('by-tier')).toEqual([true, false, false]);
    expect(answers('by-segment')).toEqual([false, true, false]);
    unleash.destroy();
  });

  it('closes a rule whose segment is missing', async () => {
    const unleash = await offline(flag('lost', { segments: [undefined] }));
    expect(isEnabled(unleash, 'lost', { region: 'eu' })).toBe(false);
    unleash.destroy();
  });

  it('holds a flag to the gates of its parent', async () => {
    const unleash = await offline(feature, flag('child', {}, { dependencies: [{ feature: 'ai.x', enabled: true }] }));
    const answers = ['yes', 'no'].map((tenantId) => isEnabled(unleash, 'child', { tenantId }));
    expect(answers).toEqual([true, false]);
    unleash.destroy();
  });

  it('asks nobody', async () => {
    const requests = [vi.spyOn(http, 'request'), vi.spyOn(https, 'request'), vi.spyOn(globalThis, 'fetch')];
    const unleash = await offline(feature);
    isEnabled(unleash, 'ai.x', { tenantId: 'yes' });
    await unleash.destroyWithFlush();
    for (const request of requests) expect(request).not.toHaveBeenCalled();
  });

  it('starts without any flag', async () => {
    const unleash = await offline();
    expect(isEnabled(unleash, 'none', {})).toBe(false);
    unleash.destroy();
  });
});
