import { InMemoryProvider, OpenFeature } from '@openfeature/web-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ai, closed } from '../test/fetch-double.js';
import { serve } from '../test/serve.js';
import { NO_WEB_DECISION, readWebDecision } from './index.js';

// unleash-proxy-client writes every failure to the console.
beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue());
afterEach(async () => {
  await OpenFeature.clearProviders();
  vi.restoreAllMocks();
});

describe('readWebDecision', () => {
  const paywall = { currentTier: 'free', requiredTier: 'pro', upgradeUrl: 'https://example.com/up', message: 'Pro.' };

  it('reads the same from a client and a flag, from details, and from a value', async () => {
    const { client } = await serve(() => [ai('ai.x', closed('paywall', 'tier', { paywall }))]);
    const wanted = { outcome: 'paywall', enabled: false, gate: 'tier', paywall };
    expect(readWebDecision(client, 'ai.x')).toMatchObject(wanted);
    expect(readWebDecision(client.getBooleanDetails('ai.x', true))).toMatchObject(wanted);
    expect(readWebDecision(client.getStringDetails('ai.x', ''))).toMatchObject(wanted);
    expect(readWebDecision(client.getObjectDetails('ai.x', {}))).toMatchObject(wanted);
    expect(readWebDecision(client.getObjectValue('ai.x', {}))).toMatchObject(wanted);
  });

  it('reads mode, disclosure and ticket of what is open', async () => {
    const { client } = await serve(() => [ai('ai.x', { mode: 'autonomous', disclosure: 'By AI', feedback: 'v1.t' })]);
    const wanted = { outcome: 'enabled', enabled: true, mode: 'autonomous', disclosure: 'By AI', feedback: 'v1.t' };
    expect(readWebDecision(client, 'ai.x')).toMatchObject(wanted);
  });

  it('reads the flat form of metadata that OFREP carries', () => {
    const flagMetadata = { outcome: 'paywall', gate: 'tier', ...paywall, consentRevision: '1:2' };
    const read = readWebDecision({ value: false, flagMetadata });
    expect(read).toMatchObject({ outcome: 'paywall', paywall, consentRevision: '1:2' });
  });

  it.each([
    ['nothing', undefined],
    ['text', 'enabled'],
    ['a list', [{ outcome: 'enabled' }]],
    ["a caller's default", {}],
    ['one that contradicts itself', { outcome: 'paywall', enabled: true }],
    ['an unknown outcome', { outcome: 'on', enabled: true }],
    ['shadow, enabled', { outcome: 'shadow', enabled: true }],
    ['an enabled one in shadow mode', { outcome: 'enabled', enabled: true, mode: 'shadow' }],
    ['metadata of something open whose value is false', { value: false, flagMetadata: { outcome: 'enabled' } }],
    ['details of a failure with a default of true', { value: true, flagMetadata: {}, errorCode: 'GENERAL' }],
  ])('takes %s for closed', (_what, answer) => {
    expect(readWebDecision(answer)).toBe(NO_WEB_DECISION);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '/upgrade'])('gives no link to %s', (upgradeUrl) => {
    const read = readWebDecision({ ...closed('paywall', 'tier'), paywall: { ...paywall, upgradeUrl } });
    expect(read.paywall).toMatchObject({ requiredTier: 'pro' });
    expect(read.paywall).not.toHaveProperty('upgradeUrl');
  });

  const unconfirmed = { outcome: 'off', enabled: false, detail: 'unconfirmed' };

  it('is closed and unconfirmed where there is no provider, and none that is ready', () => {
    const waiting = OpenFeature.getClient('waiting');
    const never = { initialize: () => new Promise<void>(() => {}) };
    OpenFeature.setProvider('waiting', Object.assign(new InMemoryProvider({}), never));
    for (const client of [OpenFeature.getClient('another'), waiting]) {
      expect(readWebDecision(client, 'ai.x')).toEqual(unconfirmed);
      expect(readWebDecision(client.getBooleanDetails('ai.x', true))).toEqual(unconfirmed);
    }
  });

  it('is closed and unconfirmed where nothing was ever fetched, whatever the default', async () => {
    const { client } = await serve(() => 503);
    expect(readWebDecision(client, 'ai.x')).toEqual(unconfirmed);
    expect(readWebDecision(client.getBooleanDetails('ai.x', true))).toEqual(unconfirmed);
    expect(readWebDecision(client.getObjectDetails('ai.x', {}))).toEqual(unconfirmed);
  });

  it('is no decision once it is known that the flag is not listed', async () => {
    const { client } = await serve(() => []);
    expect(readWebDecision(client, 'ai.x')).toBe(NO_WEB_DECISION);
  });
});
