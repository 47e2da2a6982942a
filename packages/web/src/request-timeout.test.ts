import { OpenFeature, ProviderStatus } from '@openfeature/web-sdk';
import { InMemoryStorageProvider } from 'unleash-proxy-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ai, FetchDouble, plain } from '../test/fetch-double.js';
import { BO, serve, start } from '../test/serve.js';
import { readWebDecision } from './index.js';

// unleash-proxy-client writes every failure to the console.
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockReturnValue();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const OPEN = [ai('ai.x'), plain('theme')];
const LATE = 'the flags could not be fetched: no answer within 10 s';
const pass = (time: number): Promise<unknown> => vi.advanceTimersByTimeAsync(time);
const unconfirmed = { enabled: false, detail: 'unconfirmed' };

/** A gateway that accepts connections and never answers. */
function silent(): FetchDouble {
  const gateway = new FetchDouble(() => OPEN);
  gateway.hold();
  return gateway;
}

/** How a promise settled, and when, in ms from now. */
function settling(promise: Promise<unknown>): { how?: string; after?: number } {
  const began = Date.now();
  const result: { how?: string; after?: number } = {};
  const settled = (how: string) => () => void Object.assign(result, { how, after: Date.now() - began });
  promise.then(settled('resolved'), settled('rejected'));
  return result;
}

describe('a start without a response', () => {
  it.each([5, 30])(
    'has failed after ten seconds, and is READY with a later poll, each %i s',
    async (refreshInterval) => {
      const { client, gateway, heard, started } = start(silent(), { refreshInterval });
      const outcome = settling(started);
      await pass(9_999);
      expect(outcome).toEqual({});
      await pass(11);
      expect(outcome).toEqual({ how: 'rejected', after: 10_000 });
      await expect(started).rejects.toThrow(LATE);
      expect(client.providerStatus).toBe(ProviderStatus.ERROR);
      expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
      expect(gateway.asked).toHaveLength(1);
      gateway.lose();
      await pass(refreshInterval * 1_000);
      expect(gateway.asked).toHaveLength(2);
      expect(client.getBooleanValue('ai.x', false)).toBe(true);
      expect(heard).toEqual(['ERROR', 'READY', 'CONFIGURATION_CHANGED: ai.x,theme']);
    },
  );

  it("has failed after ten seconds where it is the page's storage that hangs, and takes the answer that comes then", async () => {
    const storage = new InMemoryStorageProvider();
    let arrive = (): void => {};
    storage.get = () => new Promise((resolve) => (arrive = () => resolve(undefined)));
    const { client, started } = start(new FetchDouble(() => OPEN), { storage });
    const outcome = settling(started);
    await pass(10_000);
    expect(outcome).toEqual({ how: 'rejected', after: 10_000 });
    while (client.providerStatus !== ProviderStatus.READY) {
      arrive();
      await pass(0);
    }
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it('settles with the user that comes meanwhile, who has ten seconds too', async () => {
    const { client, gateway, started } = start(silent(), { refreshInterval: 5 });
    const outcome = settling(started);
    await pass(6_000);
    const changed = settling(OpenFeature.setContext(BO));
    await pass(9_999);
    expect([outcome, changed]).toEqual([{}, {}]);
    await pass(1);
    expect([outcome.after, changed.after]).toEqual([16_000, 10_000]);
    gateway.lose();
    await pass(5_000);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it('stops polling when the provider is closed', async () => {
    const { gateway, heard, started } = start(silent(), { refreshInterval: 5 });
    settling(started);
    await pass(1_000);
    await OpenFeature.clearProviders();
    const before = [...heard];
    await pass(120_000);
    expect(gateway.asked).toHaveLength(1);
    expect(heard).toEqual(before);
  });
});

describe('a context change without a response', () => {
  it.each([1, 3, 5, 9, 30, undefined])(
    'is refused after ten seconds, however often polls start again: each %s s',
    async (refreshInterval) => {
      const { client, gateway, heard } = await serve(() => OPEN, { refreshInterval });
      await pass(500);
      gateway.hold();
      const outcome = settling(OpenFeature.setContext(BO));
      for (let second = 0; second < 10; second += 1) {
        expect(outcome).toEqual({});
        expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
        await pass(1_000);
      }
      expect(outcome.after).toBe(10_000);
      expect(client.providerStatus).toBe(ProviderStatus.ERROR);
      expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
      expect(client.getBooleanValue('theme', false)).toBe(false);
      const failed = ['READY', 'CONFIGURATION_CHANGED: ai.x,theme', 'RECONCILING', 'STALE', 'ERROR'];
      expect(heard).toEqual(failed);
      gateway.lose();
      await pass((refreshInterval ?? 0) * 1_000);
      // Without polls the next word, or the next change, asks again.
      if (refreshInterval === undefined) return;
      expect(client.getBooleanValue('ai.x', false)).toBe(true);
      expect(heard).toEqual([...failed, 'READY', 'CONFIGURATION_CHANGED: ai.x,theme']);
    },
  );

  it('accepts a late response', async () => {
    const { client, gateway } = await serve(() => OPEN, { refreshInterval: 7 });
    gateway.hold();
    settling(OpenFeature.setContext(BO));
    await pass(12_000);
    expect([gateway.asked.length, client.providerStatus]).toEqual([3, ProviderStatus.ERROR]);
    gateway.release();
    await pass(0);
    expect([gateway.asked.length, client.providerStatus]).toEqual([3, ProviderStatus.READY]);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });
});

describe('polls without a response', () => {
  it.each([
    [5, 15_000],
    [15, 25_000],
    [30, 40_000],
  ])(
    'that are %i s apart is STALE ten seconds after the first, and closes AI in the end',
    async (refreshInterval, at) => {
      const { client, gateway, heard } = await serve(() => OPEN, { refreshInterval, closeAfterMs: 60_000 });
      gateway.hold();
      await pass(at - 1);
      expect(heard).toEqual(['READY']);
      await pass(1);
      expect(heard).toEqual(['READY', 'STALE']);
      expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'STALE' });
      await pass(60_000 - at);
      expect(client.getBooleanValue('ai.x', false)).toBe(true);
      await pass(1);
      expect(heard.at(-1)).toBe('CONFIGURATION_CHANGED: ai.x');
      expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
      expect(client.getBooleanDetails('theme', false)).toMatchObject({ value: true, reason: 'STALE' });
      gateway.lose();
      await pass(refreshInterval * 1_000);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
      expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    },
  );

  it('emits STALE at most once in ten seconds', async () => {
    const { gateway, heard } = await serve(() => OPEN, { refreshInterval: 4, closeAfterMs: 3_600_000 });
    gateway.hold();
    await pass(63_999);
    // Each count begins with a poll and ends with ten seconds; the next poll is two seconds later.
    expect(heard).toEqual(['READY', 'STALE', 'STALE', 'STALE', 'STALE', 'STALE']);
  });
});

describe('a change event without a response', () => {
  async function page() {
    let tell = (): void => {};
    const events = (changed: () => void) => {
      tell = changed;
      return () => {};
    };
    const served = await serve(() => OPEN, { events, refreshInterval: 30 });
    served.gateway.hold();
    return { ...served, tell };
  }

  it('closes AI flags ten seconds after the first event, however many follow', async () => {
    const { client, tell } = await page();
    for (let second = 0; second < 10; second += 2) {
      tell();
      await pass(1_999);
      expect(client.getBooleanValue('ai.x', false)).toBe(true);
      await pass(1);
    }
    expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
  });

  it('closes AI flags ten seconds after the event, even if a poll was pending', async () => {
    const { client, heard, tell } = await page();
    await pass(39_000);
    tell();
    await pass(9_999);
    expect([heard, client.getBooleanValue('ai.x', false)]).toEqual([['READY'], true]);
    await pass(1);
    expect(readWebDecision(client, 'ai.x')).toMatchObject(unconfirmed);
  });

  it('lets another user wait no longer', async () => {
    const { tell } = await page();
    const outcome = settling(OpenFeature.setContext(BO));
    await pass(6_000);
    tell();
    await pass(4_000);
    expect(outcome.after).toBe(10_000);
  });
});
