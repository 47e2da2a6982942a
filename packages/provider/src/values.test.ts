import { OpenFeature } from '@openfeature/server-sdk';
import type { PlainVariant } from '@rampart/core';
import { afterEach, describe, expect, it } from 'vitest';
import { ada, change, feature, plain, variant } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { serve } from '../test/serve.js';

afterEach(() => OpenFeature.clearProviders());

const on = (type: string, value: string): Partial<PlainVariant> => ({
  name: 'v',
  enabled: true,
  payload: { type, value },
});
const none: Partial<PlainVariant> = { name: 'v', enabled: true };

type Type = 'string' | 'number' | 'object';
const defaults = { string: 'default', number: 7, object: { default: true } } as const;

async function ask(client: Awaited<ReturnType<typeof serve>>['client'], type: Type, name: string, context = ada) {
  if (type === 'string') return client.getStringDetails(name, defaults.string, context);
  if (type === 'number') return client.getNumberDetails(name, defaults.number, context);
  return client.getObjectDetails(name, defaults.object, context);
}

const DEFAULT = Symbol("the caller's default");

// [asked as, the platform's answer, value, reason, error code]
const plainValues: [Type, Partial<PlainVariant> | undefined, unknown, string, string?][] = [
  ['string', on('string', 'hello'), 'hello', 'TARGETING_MATCH'],
  ['string', on('string', ''), '', 'TARGETING_MATCH'],
  ['string', on('csv', 'a,b'), 'a,b', 'TARGETING_MATCH'],
  ['string', on('json', '{ "a": 1 }'), '{ "a": 1 }', 'TARGETING_MATCH'],
  ['string', on('number', '3'), DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['string', none, DEFAULT, 'DEFAULT'],
  ['string', undefined, DEFAULT, 'DEFAULT'],
  ['number', on('number', '3.5'), 3.5, 'TARGETING_MATCH'],
  ['number', on('number', '0'), 0, 'TARGETING_MATCH'],
  ['number', on('number', ''), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['number', on('number', ' '), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['number', on('number', 'three'), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['number', on('number', 'Infinity'), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['number', on('string', '3'), DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['number', none, DEFAULT, 'DEFAULT'],
  ['object', on('json', '{"a":[1]}'), { a: [1] }, 'TARGETING_MATCH'],
  ['object', on('json', '[1,2]'), [1, 2], 'TARGETING_MATCH'],
  ['object', on('json', ''), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['object', on('json', '{"a":'), DEFAULT, 'ERROR', 'PARSE_ERROR'],
  ['object', on('json', 'null'), DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['object', on('json', '3'), DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['object', on('string', '{"a":1}'), DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['object', none, DEFAULT, 'DEFAULT'],
];

describe('an ordinary flag', () => {
  it.each(plainValues)('asked as %s with %o gives %o, %s %s', async (type, answer, value, reason, errorCode) => {
    const { client, flags } = await serve([plain('flag')]);
    if (answer !== undefined) flags.answers.set('flag', answer);
    const details = await ask(client, type, 'flag');
    expect(details.value).toEqual(value === DEFAULT ? defaults[type] : value);
    expect(details).toMatchObject({ reason, flagMetadata: {} });
    expect(details.errorCode).toBe(errorCode);
    expect(details.variant).toBe(errorCode === undefined && answer !== undefined ? 'v' : undefined);
  });

  it.each([
    [true, { featureEnabled: true }, true, 'TARGETING_MATCH'],
    [true, { featureEnabled: false }, false, 'DEFAULT'],
    [false, {}, false, 'DISABLED'],
  ])('as a boolean, switched on: %s, the platform says %o: %s, %s', async (enabled, answer, value, reason) => {
    const { client, flags } = await serve([plain('flag', { enabled })]);
    flags.answers.set('flag', answer);
    expect(await client.getBooleanDetails('flag', !value, ada)).toMatchObject({ value, reason });
    expect(flags.asked).toEqual([['isEnabled', 'flag', ada]]);
    expect(flags.counts).toEqual([]);
  });

  it.each(['string', 'number', 'object'] as const)('that is off gives the default of a %s', async (type) => {
    const { client } = await serve([plain('flag', { enabled: false })]);
    const details = await ask(client, type, 'flag');
    expect(details).toMatchObject({ value: defaults[type], reason: 'DISABLED' });
    expect(details.errorCode).toBeUndefined();
  });

  it('names the variant but never the payload in an error', async () => {
    const { client, flags } = await serve([plain('flag')]);
    flags.answers.set('flag', on('json', '{"secret":'));
    const { errorMessage } = await client.getObjectDetails('flag', {}, ada);
    expect(errorMessage).toContain('variant v');
    expect(errorMessage).not.toContain('secret');
  });

  it('parses each JSON payload once and freezes it', async () => {
    const { client, flags } = await serve([plain('flag')]);
    flags.answers.set('flag', on('json', '{"limits":{"most":3}}'));
    const first = (await client.getObjectValue('flag', {}, ada)) as { limits: { most: number } };
    expect(() => Object.assign(first.limits, { most: 4 })).toThrow(TypeError);
    expect(await client.getObjectValue('flag', {}, ada)).toBe(first);
  });
});

// [asked as, the variant's payload, value, reason, error code]
const bindings: [Type, [string?, string?], unknown, string, string?][] = [
  ['string', ['string', 'gpt'], 'gpt', 'TARGETING_MATCH'],
  ['string', ['json', '{ "model": "m" }'], '{"model":"m"}', 'TARGETING_MATCH'],
  ['string', ['number', '3'], DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['string', [], DEFAULT, 'DEFAULT'],
  ['number', ['number', '3'], 3, 'TARGETING_MATCH'],
  ['number', ['string', '3'], DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ['number', [], DEFAULT, 'DEFAULT'],
];

describe('an open AI flag', () => {
  it.each(bindings)(
    'asked as %s with the payload %o gives %o, %s %s',
    async (type, payload, value, reason, errorCode) => {
      const { client } = await serve([feature(), change({}, [variant('v', ...payload)])]);
      for (const name of ['ai.copilot', 'ai.copilot.v2']) {
        const details = await ask(client, type, name);
        expect(details.value).toEqual(value === DEFAULT ? defaults[type] : value);
        expect(details).toMatchObject({
          reason,
          flagMetadata: { outcome: 'enabled', gate: 'open', change: 'ai.copilot.v2' },
        });
        expect(details.errorCode).toBe(errorCode);
      }
    },
  );

  it('returns the decision as object, with a frozen binding', async () => {
    const { client } = await serve([feature(), change({}, [variant('v', 'json', '{"model":{"id":"m"}}')])]);
    for (const name of ['ai.copilot', 'ai.copilot.v2']) {
      const { value, variant: variantName } = await client.getObjectDetails(name, {}, ada);
      expect(value).toMatchObject({
        outcome: 'enabled',
        feature: 'ai.copilot',
        change: 'ai.copilot.v2',
        binding: { model: { id: 'm' } },
      });
      expect(variantName).toBe('v');
      const { binding } = value as { binding: { model: object } };
      expect(() => Object.assign(binding.model, { id: 'other' })).toThrow(TypeError);
      expect(JSON.parse(JSON.stringify(value))).toMatchObject({ binding: { model: { id: 'm' } } });
    }
  });
});

describe('a gated flag', () => {
  it.each(plainValues.filter(([, answer]) => answer !== undefined))(
    'behind open gates asked as %s with %o gives %o',
    async (type, answer, value, _reason, errorCode) => {
      const { client, flags } = await serve([feature(), plain('replies', { gated: true })]);
      if (answer !== undefined) flags.answers.set('replies', answer);
      const details = await ask(client, type, 'replies');
      expect(details.value).toEqual(value === DEFAULT ? defaults[type] : value);
      expect(details).toMatchObject({ flagMetadata: { gate: 'open', feature: 'ai.copilot' } });
      expect(details.errorCode).toBe(errorCode);
    },
  );

  it("closes at gate targeting if its own strategies don't match", async () => {
    const { client, flags } = await serve([feature(), plain('replies', { gated: true })]);
    flags.answers.set('replies', { featureEnabled: false });
    const details = await client.getBooleanDetails('replies', true, ada);
    expect(details).toMatchObject({
      value: false,
      reason: 'TARGETING_MATCH',
      flagMetadata: { outcome: 'off', gate: 'targeting' },
    });
  });
});

describe('an obstacle in front of a gated flag', () => {
  it.each([
    ['paywall', { ...ada, tier: 'free' }, 'enterprise'],
    ['consent_required', { ...ada, tenantId: 'globex', tier: 'enterprise' }, 'enterprise'],
    ['consent_required', { ...ada, tenantId: 'globex', tier: 'free' }, 'enterprise'],
  ])('%s is returned only if the flag itself would be on without it', async (outcome, context, tier) => {
    const { client, flags } = await serve([feature({ minTier: 'enterprise' }), plain('replies', { gated: true })]);
    flags.answers.set('replies', { featureEnabled: true });
    expect(await client.getBooleanDetails('replies', true, context)).toMatchObject({
      value: false,
      flagMetadata: { outcome },
    });
    expect(flags.asked.at(-1)).toMatchObject(['behind', 'replies', 'ai.copilot', { tier }]);
    flags.answers.set('replies', { featureEnabled: false });
    const details = await client.getBooleanDetails('replies', true, context);
    expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'off', gate: 'targeting' } });
    expect(flags.counts).toEqual([
      ['replies', false, undefined],
      ['replies', false, undefined],
    ]);
  });
});

const noConsent = { ...ada, tenantId: 'globex' };

// [what closes, definitions, context, gate, reason]
const closed: [string, ReturnType<typeof feature>[], typeof ada, string, string][] = [
  ['the feature flag is off', [feature({}, { enabled: false }), change()], ada, 'kill', 'DISABLED'],
  ['the change is off', [feature(), change({}, [], { enabled: false })], ada, 'flag', 'DISABLED'],
  ['no consent', [feature(), change()], noConsent, 'consent', 'TARGETING_MATCH'],
  ['no tenant', [feature(), change()], { ...ada, tenantId: '' }, 'consent', 'TARGETING_MATCH'],
  ['below the tier', [feature({ minTier: 'enterprise' }), change()], ada, 'tier', 'TARGETING_MATCH'],
  ['outside the percentage', [feature(), change({ rollout: '0' })], ada, 'rollout', 'SPLIT'],
  ['in shadow', [feature(), change({ mode: 'shadow' })], ada, 'mode', 'TARGETING_MATCH'],
  ['a parameter that does not parse', [feature({ minTier: 'gold' }), change()], ada, 'config', 'TARGETING_MATCH'],
];

describe('a closed AI flag', () => {
  it.each(closed)(
    '(%s) ignores the default, has no error code, and names the gate in its metadata',
    async (_, definitions, context, gate, reason) => {
      const { client } = await serve([...definitions, plain('replies', { gated: true })]);
      const names =
        gate === 'rollout' || gate === 'mode' || gate === 'flag'
          ? ['ai.copilot', 'ai.copilot.v2']
          : ['ai.copilot', 'ai.copilot.v2', 'replies'];
      for (const name of names) {
        const details = await client.getBooleanDetails(name, true, context);
        expect(details).toMatchObject({ value: false, reason, flagMetadata: { gate } });
        expect(details.errorCode).toBeUndefined();
        for (const type of ['string', 'number', 'object'] as const) {
          const { value, errorCode, ...rest } = await ask(client, type, name, context);
          expect(errorCode).toBeUndefined();
          expect(rest).toMatchObject({ reason, flagMetadata: { gate } });
          if (type === 'object' && name !== 'replies') expect(value).toMatchObject({ gate, enabled: false });
          else expect(value).toEqual(defaults[type]);
        }
      }
    },
  );

  it('of a holdout has the reason SPLIT', async () => {
    const { client } = await serve([feature(), change({}, [variant('off')])]);
    const details = await client.getBooleanDetails('ai.copilot', true, ada);
    expect(details).toMatchObject({
      value: false,
      reason: 'SPLIT',
      variant: 'off',
      flagMetadata: { detail: 'holdout' },
    });
  });

  it('has the paywall in its metadata', async () => {
    const { client } = await serve([feature({ minTier: 'business', upgradeUrl: 'https://example.com/up' }), change()]);
    const { flagMetadata } = await client.getBooleanDetails('ai.copilot', true, ada);
    expect(flagMetadata).toMatchObject({
      outcome: 'paywall',
      requiredTier: 'business',
      currentTier: 'pro',
      upgradeUrl: 'https://example.com/up',
    });
  });

  it('has the reason SPLIT if a variant split decided', async () => {
    const { client } = await serve([feature(), change({}, [variant('a'), variant('b')])]);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({
      value: true,
      reason: 'SPLIT',
      variant: 'a',
    });
  });
});

describe('metadata', () => {
  it('holds scalars only, with the keys of Appendix D', async () => {
    const { client } = await serve(
      [
        feature({ minTier: 'pro' }),
        change({ mode: 'autonomous', humanReview: '100', disclosure: 'AI', maxPerHour: '9' }, [variant('v')]),
      ],
      { flagSetId: 'default/production' },
    );
    const { flagMetadata } = await client.getBooleanDetails('ai.copilot', false, {
      ...ada,
      confidence: 0.9,
      requestId: 'r',
    });
    expect(flagMetadata).toEqual({
      outcome: 'enabled',
      gate: 'open',
      feature: 'ai.copilot',
      change: 'ai.copilot.v2',
      stage: 'ga',
      mode: 'confirmation',
      autoAbove: 0.95,
      confirmFrom: 0.8,
      reviewFrom: 0.6,
      route: 'confirm',
      review: true,
      fallback: 'queue',
      disclosure: 'AI',
      maxPerHour: 9,
      flagRevision: expect.stringMatching(/^\w+$/),
      policyRevision: expect.stringMatching(/^\w+$/),
      consentRevision: '1',
      contextId: 'ada',
      flagSetId: 'default/production',
      version: flagMetadata['flagRevision'],
    });
  });
});

describe('a missing flag', () => {
  const names = ['gone', '__proto__', 'constructor', 'toString', 'hasOwnProperty', ''];

  it.each(names)('named %j returns FLAG_NOT_FOUND and the default', async (name) => {
    const { client, flags } = await serve([feature(), plain('flag')]);
    expect(await client.getBooleanDetails(name, true, ada)).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
    for (const type of ['string', 'number', 'object'] as const) {
      expect(await ask(client, type, name)).toMatchObject({ value: defaults[type], errorCode: 'FLAG_NOT_FOUND' });
    }
    expect([...flags.asked, ...flags.counts]).toEqual([]);
  });

  it.each([{}, { unleashCompat: true }])('under the AI prefix is closed without an error code: %j', async (options) => {
    const { client, flags, lines } = await serve([feature(), plain('flag')], options);
    for (const name of ['ai.gone', 'ai.copilot.v9', 'ai.gone']) {
      const details = await client.getBooleanDetails(name, true, ada);
      expect(details).toMatchObject({
        value: false,
        reason: 'DISABLED',
        flagMetadata: { gate: 'flag', detail: 'not_found' },
      });
      expect(details).not.toHaveProperty('errorCode');
      for (const type of ['string', 'number'] as const) {
        const typed = await ask(client, type, name);
        expect(typed).toMatchObject({ value: defaults[type], reason: 'DISABLED' });
        expect(typed).not.toHaveProperty('errorCode');
      }
      expect(await ask(client, 'object', name)).toMatchObject({ value: { outcome: 'off', detail: 'not_found' } });
    }
    expect([...flags.asked, ...flags.counts]).toEqual([]);
    expect(lines).toEqual([
      'warn rampart: there is no flag "ai.gone": it is closed; create it, or correct the name in the code',
      'warn rampart: there is no flag "ai.copilot.v9": it is closed; create it, or correct the name in the code',
    ]);
  });

  it('is logged for at most 100 names, shortened and on one line', async () => {
    const { client, lines } = await serve([feature()]);
    await client.getBooleanValue(`ai.${'x'.repeat(5_000)}\n`, true, ada);
    for (let index = 0; index < 150; index += 1) await client.getBooleanValue(`ai.${index}`, true, ada);
    expect(lines).toHaveLength(101);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(250);
    expect(lines.at(-1)).toContain('further names are not logged');
  });

  it('is an AI flag if its source recognizes it', async () => {
    const flags = Object.assign(new FakeFlags(), {
      missingKind: (name: string) =>
        name === 'copilot' ? ('ai' as const) : name === 'mail' ? ('gated' as const) : undefined,
    });
    const { client } = await serve([feature()], {}, flags);
    for (const name of ['copilot', 'mail']) expect(await client.getBooleanValue(name, true, ada)).toBe(false);
    expect(await client.getObjectValue('mail', { mine: 1 }, ada)).toEqual({ mine: 1 });
    expect((await client.getBooleanDetails('ai.x', true, ada)).errorCode).toBe('FLAG_NOT_FOUND');
  });

  it('has no error code with unleashCompat', async () => {
    const { client } = await serve([plain('flag')], { unleashCompat: true });
    const details = await client.getBooleanDetails('gone', true, ada);
    expect(details).toMatchObject({ value: true, reason: 'DEFAULT' });
    expect(details.errorCode).toBeUndefined();
  });

  it.each(['__proto__', 'constructor'])('a flag can have the name %s', async (name) => {
    const { client } = await serve([
      feature({}, { name }),
      change({}, [], { name: 'toString', dependencies: [{ feature: name }] }),
    ]);
    expect(await client.getBooleanDetails(name, false, ada)).toMatchObject({
      value: true,
      flagMetadata: { feature: name, change: 'toString' },
    });
  });
});
