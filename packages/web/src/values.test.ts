import { InMemoryProvider, MultiProvider, OpenFeature } from '@openfeature/web-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { ai, closed, plain } from '../test/fetch-double.js';
import { ANA, serve } from '../test/serve.js';

afterEach(() => OpenFeature.clearProviders());

const DEFAULT = Symbol('the default of the caller');
const defaults = { string: 'default', number: 7, object: { default: true } } as const;
type Type = keyof typeof defaults;

describe('an ordinary flag', () => {
  // [asked as, payload type, payload, value, reason, error code]
  it.each<[Type, string, string, unknown, string, string?]>([
    ['string', 'string', 'hello', 'hello', 'TARGETING_MATCH'],
    ['string', 'string', '', '', 'TARGETING_MATCH'],
    ['string', 'csv', 'a,b', 'a,b', 'TARGETING_MATCH'],
    ['string', 'json', '{"a":1}', '{"a":1}', 'TARGETING_MATCH'],
    ['string', 'number', '3', DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
    ['number', 'number', '3.5', 3.5, 'TARGETING_MATCH'],
    ['number', 'number', '', DEFAULT, 'ERROR', 'PARSE_ERROR'],
    ['number', 'number', '3 apples', DEFAULT, 'ERROR', 'PARSE_ERROR'],
    ['number', 'string', '3', DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
    ['object', 'json', '{"a":[1]}', { a: [1] }, 'TARGETING_MATCH'],
    ['object', 'json', '[1,2]', [1, 2], 'TARGETING_MATCH'],
    ['object', 'json', '{"a":', DEFAULT, 'ERROR', 'PARSE_ERROR'],
    ['object', 'json', 'null', DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
    ['object', 'csv', 'a,b', DEFAULT, 'ERROR', 'TYPE_MISMATCH'],
  ])('asked as %s with a %s payload %j gives %s', async (type, payloadType, payload, value, reason, errorCode) => {
    const { client } = await serve(() => [plain('flag', { type: payloadType, value: payload })]);
    const details =
      type === 'string'
        ? client.getStringDetails('flag', defaults.string)
        : type === 'number'
          ? client.getNumberDetails('flag', defaults.number)
          : client.getObjectDetails('flag', defaults.object);
    expect(details.value).toEqual(value === DEFAULT ? defaults[type] : value);
    expect(details.reason).toBe(reason);
    expect(details.errorCode).toBe(errorCode);
  });

  it('is a boolean, and its variant is named', async () => {
    const { client } = await serve(() => [plain('flag'), plain('split', { type: 'string', value: 'x' })]);
    expect(client.getBooleanDetails('flag', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(client.getStringDetails('split', '')).toMatchObject({ value: 'x', variant: 'v' });
    expect(client.getStringDetails('flag', 'mine')).toMatchObject({ value: 'mine', reason: 'DEFAULT' });
  });

  it.each(['constructor', '__proto__', 'toString'])('may be called %s', async (name) => {
    const before = Object.getOwnPropertyNames(Object);
    const { client } = await serve(() => [plain(name, { type: 'string', value: 'x' })]);
    expect([client.getBooleanValue(name, false), client.getStringValue(name, '')]).toEqual([true, 'x']);
    expect(Object.getOwnPropertyNames(Object)).toEqual(before);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('a flag that is not listed', () => {
  it('is disabled: a default of true does not turn it on', async () => {
    const { client } = await serve(() => []);
    const details = { reason: 'DISABLED', flagMetadata: { detail: 'unlisted' } };
    expect(client.getBooleanDetails('gone', true)).toMatchObject({ value: false, ...details });
    expect(client.getStringDetails('gone', 'mine')).toMatchObject({ value: 'mine', ...details });
    expect(client.getObjectDetails('gone', { mine: 1 })).toMatchObject({ value: { mine: 1 }, ...details });
  });

  it('is FLAG_NOT_FOUND for those who have another provider to ask', async () => {
    const { client } = await serve(() => [], { unlisted: 'not_found' });
    const details = client.getBooleanDetails('gone', true);
    expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });
  });

  it('is then looked for by a MultiProvider in the next one', async () => {
    const { provider } = await serve(() => [plain('here')], { unlisted: 'not_found' });
    const other = new InMemoryProvider({
      gone: { variants: { on: true }, defaultVariant: 'on', disabled: false },
      here: { variants: { off: false }, defaultVariant: 'off', disabled: false },
    });
    await OpenFeature.setProviderAndWait('both', new MultiProvider([{ provider }, { provider: other }]));
    const client = OpenFeature.getClient('both');
    expect([client.getBooleanValue('here', false), client.getBooleanValue('gone', false)]).toEqual([true, true]);
  });
});

describe('an AI flag that is not listed', () => {
  it.each(['disabled', 'not_found'] as const)(
    'is closed without an error code, with unlisted: %s',
    async (unlisted) => {
      const { client } = await serve(() => [plain('theme')], { unlisted });
      const details = client.getBooleanDetails('ai.gone', true);
      expect(details).toMatchObject({ value: false, reason: 'DISABLED', flagMetadata: { outcome: 'off' } });
      expect(details.errorCode).toBeUndefined();
      expect(client.getStringDetails('ai.gone', 'mine')).toMatchObject({ value: 'mine', reason: 'DISABLED' });
      const open = { outcome: 'enabled', enabled: true };
      expect(client.getObjectValue('ai.gone', open)).toMatchObject({ outcome: 'off', enabled: false });
    },
  );

  it('is so by any name that was listed as AI before', async () => {
    const { client, gateway, provider } = await serve(() => [ai('copilot')], { unlisted: 'not_found' });
    expect(client.getBooleanValue('copilot', false)).toBe(true);
    gateway.answer = () => [];
    await provider.client.updateToggles();
    expect(client.getBooleanDetails('copilot', true)).toMatchObject({ value: false, reason: 'DISABLED' });
  });

  it('is closed where it comes without a decision: then it does not come from the gateway', async () => {
    const { client } = await serve(() => [plain('ai.x', { type: 'string', value: 'x' })]);
    expect([client.getBooleanValue('ai.x', true), client.getStringValue('ai.x', 'mine')]).toEqual([false, 'mine']);
  });

  it('has the prefix that is configured', async () => {
    const { client } = await serve(() => [], { unlisted: 'not_found', prefix: 'skill.' });
    expect([client.getBooleanValue('skill.x', true), client.getBooleanValue('ai.x', true)]).toEqual([false, true]);
  });
});

describe('a flag of AI', () => {
  const paywall = {
    currentTier: 'free',
    requiredTier: 'pro',
    upgradeUrl: 'https://example.com/up',
    message: 'Pro needed.',
  };

  it('explains itself in the metadata, and is its decision as an object', async () => {
    const decision = { change: 'ai.x.v2', variant: 'v1', review: true, disclosure: 'By AI', feedback: 'v1.a.b' };
    const { client } = await serve(() => [ai('ai.x', { ...decision, revisions: { consent: '3:9' } })]);
    const details = client.getBooleanDetails('ai.x', false);
    expect(details).toMatchObject({ value: true, reason: 'TARGETING_MATCH', variant: 'v1' });
    expect(details.flagMetadata).toEqual({
      outcome: 'enabled',
      gate: 'open',
      feature: 'ai.x',
      mode: 'suggestion',
      consentRevision: '3:9',
      ...decision,
    });
    expect(client.getObjectValue('ai.x', {})).toMatchObject({ outcome: 'enabled', enabled: true, ...decision });
  });

  it.each([
    ['paywall', 'tier', { paywall }, 'TARGETING_MATCH', { requiredTier: 'pro', message: 'Pro needed.' }],
    ['consent_required', 'consent', {}, 'TARGETING_MATCH', {}],
    ['unavailable', 'kill', { message: 'Back soon.' }, 'DISABLED', { message: 'Back soon.' }],
  ])('closed as %s is false without an error, and says what to show', async (outcome, gate, more, reason, metadata) => {
    const { client } = await serve(() => [ai('ai.x', closed(outcome, gate, more))]);
    const details = client.getBooleanDetails('ai.x', true);
    expect(details).toMatchObject({ value: false, reason, flagMetadata: { outcome, gate, ...metadata } });
    expect(details.errorCode).toBeUndefined();
    expect(client.getObjectValue('ai.x', {})).toMatchObject({ outcome, enabled: false, ...more });
    expect(client.getStringValue('ai.x', 'mine')).toBe('mine');
  });

  it.each([
    ['no decision', {}],
    ['a decision that contradicts itself', { outcome: 'off', enabled: true }],
    ['an unknown mode', { outcome: 'enabled', enabled: true, mode: 'unheard' }],
  ])('with %s is closed', async (_what, decision) => {
    const toggle = { ...ai('ai.x'), decision };
    const { client } = await serve(() => [toggle]);
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
  });

  it('that hangs below a feature has a payload of its own', async () => {
    const gated = { ...plain('old', { type: 'json', value: '{"a":1}' }), decision: { ...on, feature: 'ai.x' } };
    const { client } = await serve(() => [gated]);
    expect(client.getObjectDetails('old', {})).toMatchObject({ value: { a: 1 }, flagMetadata: { feature: 'ai.x' } });
  });

  const on = { outcome: 'enabled', enabled: true, gate: 'open' };
});

it('sends targetingKey as userId, Unleash fields by their names and the rest as properties', async () => {
  const context = {
    ...ANA,
    sessionId: 's1',
    labels: ['a', 'b'],
    seats: 3,
    beta: true,
    since: new Date(0),
    deep: { x: 1 },
    appName: 'other',
  };
  const { gateway } = await serve(() => [], { context });
  expect(gateway.asked[0]?.context).toMatchObject({
    userId: 'ana',
    sessionId: 's1',
    appName: 'page',
    properties: { tenantId: 'acme', labels: 'a,b', seats: '3', beta: 'true', since: '1970-01-01T00:00:00.000Z' },
  });
  expect(gateway.asked[0]?.context.properties).not.toHaveProperty('deep');
});

it.each([
  [42, '42'],
  [9007199254740992, undefined],
  [1e21, undefined],
  [4.5, undefined],
])('sends the number %s as targetingKey as the userId %j', async (id, userId) => {
  const context = { targetingKey: id as unknown as string, tenantId: id, sessionId: id };
  const { gateway } = await serve(() => [], { context });
  expect(gateway.asked[0]?.context.userId).toBe(userId);
  expect(gateway.asked[0]?.context.properties?.['tenantId']).toBe(userId);
});

it('sends the identity of the moment with every request', async () => {
  let token: string | undefined = 'jwt-1';
  const { gateway, provider } = await serve(() => [], { identity: () => token });
  token = undefined;
  await provider.client.updateToggles();
  expect(gateway.asked.map(({ headers }) => headers['x-rampart-identity'])).toEqual(['jwt-1', undefined]);
  expect(gateway.asked[0]?.headers['authorization']).toBe('default:development.secret');
});

it('counts what was served, once', async () => {
  const { provider, client } = await serve(() => [plain('flag'), ai('ai.x')]);
  const sent = new Promise<{ bucket: { toggles: object } }>((resolve) => provider.client.on('sent', resolve));
  client.getBooleanValue('flag', false);
  client.getBooleanValue('ai.x', false);
  client.getObjectValue('ai.x', {});
  client.getBooleanValue('gone', false);
  await provider.client.sendMetrics();
  expect((await sent).bucket.toggles).toEqual({
    flag: { yes: 1, no: 0, variants: {} },
    'ai.x': { yes: 2, no: 0, variants: { v1: 1 } },
  });
});
