import { OpenFeature, ProviderStatus } from '@openfeature/web-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventSourceDouble } from '../test/event-source-double.js';
import { ai, closed, plain } from '../test/fetch-double.js';
import { ANA, BO, type Served, serve } from '../test/serve.js';

// unleash-proxy-client writes every failure to the console.
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockReturnValue();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  EventSourceDouble.all.length = 0;
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const OPEN = [ai('ai.x'), plain('theme')];
const KILLED = [ai('ai.x', closed('unavailable', 'kill')), plain('theme')];
const pass = (time: number): Promise<unknown> => vi.advanceTimersByTimeAsync(time);

/** A page with a listed and open feature, and what tells it of changes. */
async function page(): Promise<Served & { readonly tell: () => void }> {
  let tell = (): void => {};
  const events = (changed: () => void) => {
    tell = changed;
    return () => {};
  };
  const served = await serve(() => OPEN, { events });
  return { ...served, tell };
}

describe('a known change that can not be fetched', () => {
  it.each([
    ['429', 429],
    ['503', 503],
    ['a lost connection', new TypeError('lost')],
    ['no toggles', 200],
  ])('closes AI on %s, and asks until it is answered', async (_what, failure) => {
    const { client, gateway, provider, heard, tell } = await page();
    gateway.answer = () => failure;
    tell();
    await pass(0);
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({
      value: false,
      flagMetadata: { detail: 'unconfirmed' },
    });
    expect(client.getBooleanDetails('theme', false)).toMatchObject({ value: true, reason: 'STALE' });
    expect(client.getBooleanDetails('gone', true)).toMatchObject({ value: false, reason: 'DISABLED' });
    expect(heard).toEqual(['READY', 'STALE', 'CONFIGURATION_CHANGED: ai.x']);
    await pass(999);
    expect(gateway.asked).toHaveLength(2);
    await pass(1);
    expect(gateway.asked).toHaveLength(3);
    gateway.answer = () => KILLED;
    await pass(2_000);
    expect(gateway.asked).toHaveLength(4);
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, flagMetadata: { gate: 'kill' } });
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    gateway.answer = () => 503;
    await provider.client.updateToggles();
    expect(client.getBooleanDetails('ai.x', true).flagMetadata).toMatchObject({ gate: 'kill' });
    await pass(120_000);
    expect(gateway.asked).toHaveLength(5);
  });

  it.each([
    ['seconds', '20', 30_000],
    ['a date', new Date(20_000).toUTCString(), 30_000],
    ['more than a timer can hold', '1e99', 22.5 * 60_000],
    ['nothing that can be read', 'soon', 1_000],
    ['less than nothing', '-5', 1_000],
  ])('waits as long as Retry-After says in %s, and not all pages for the same time', async (_what, header, wait) => {
    vi.setSystemTime(0);
    const { gateway, tell } = await page();
    gateway.answer = () => new Response('{}', { status: 429, headers: { 'retry-after': header } });
    tell();
    await pass(wait - 1);
    expect(gateway.asked).toHaveLength(2);
    await pass(1);
    expect(gateway.asked).toHaveLength(3);
  });

  it('closes AI flags after ten seconds without a response, and retries until one arrives', async () => {
    const { client, gateway, tell } = await page();
    gateway.answer = () => KILLED;
    gateway.hold();
    tell();
    await pass(9_999);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
    await pass(1);
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({
      value: false,
      flagMetadata: { detail: 'unconfirmed' },
    });
    await pass(1_000);
    expect(gateway.asked).toHaveLength(3);
    gateway.release();
    await pass(0);
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, flagMetadata: { gate: 'kill' } });
  });

  it('does not ask again on its own when it is refused, when another fetch is under way, nor after the end', async () => {
    const { gateway, provider, tell } = await page();
    gateway.answer = () => 401;
    tell();
    await pass(120_000);
    expect(gateway.asked).toHaveLength(2);
    gateway.answer = () => 503;
    await provider.client.updateToggles();
    gateway.hold();
    const poll = provider.client.updateToggles();
    await pass(9_999);
    expect(gateway.asked).toHaveLength(4);
    await OpenFeature.clearProviders();
    gateway.release();
    await poll;
    await pass(120_000);
    expect(gateway.asked).toHaveLength(4);
  });

  it.each([
    ['later', [2, 1]],
    ['first', [1, 2]],
  ])('believes nothing that was asked before the word came, and is answered %s', async (_when, order) => {
    const { client, gateway, provider, tell } = await page();
    gateway.hold();
    // Once the first of two has been cancelled, unleash-proxy-client 3.8 can't cancel the second any more.
    const early = [provider.client.updateToggles(), provider.client.updateToggles()];
    await early[0];
    gateway.answer = () => new TypeError('lost');
    tell();
    for (const index of order) {
      gateway.release(index);
      await pass(0);
    }
    await Promise.all(early);
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
  });

  it('asks for the next user, too, for no older state', async () => {
    vi.stubGlobal('EventSource', EventSourceDouble);
    const offer = async () => Response.json({ eventStreams: [{ type: 'sse', url: '/events' }] });
    vi.spyOn(globalThis, 'fetch').mockImplementation(offer);
    const { gateway } = await serve(() => OPEN, { events: 'http://gateway.test', context: ANA });
    await pass(0);
    gateway.answer = () => 503;
    EventSourceDouble.all[0]?.say('message', JSON.stringify({ type: 'refetchEvaluation', etag: 'flags.7' }));
    await pass(0);
    EventSourceDouble.all[0]?.say('open');
    await OpenFeature.setContext(BO);
    const etags = gateway.asked.map(({ url }) => new URL(url).searchParams.get('flagConfigEtag'));
    expect(etags).toEqual([null, 'flags.7', 'flags.7', 'flags.7']);
  });
});

it('missed events are fetched with retries and keep AI flags open meanwhile', async () => {
  vi.stubGlobal('EventSource', EventSourceDouble);
  const offer = async () => Response.json({ eventStreams: [{ type: 'sse', url: '/events' }] });
  vi.spyOn(globalThis, 'fetch').mockImplementation(offer);
  const { client, gateway } = await serve(() => OPEN, { events: 'http://gateway.test' });
  await pass(0);
  gateway.answer = () => 503;
  EventSourceDouble.all[0]?.say('open');
  await pass(0);
  expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'STALE' });
  gateway.answer = () => KILLED;
  await pass(1_000);
  expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, flagMetadata: { gate: 'kill' } });
});
