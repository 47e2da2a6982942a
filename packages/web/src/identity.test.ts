import { OpenFeature } from '@openfeature/web-sdk';
import { UnleashClient } from 'unleash-proxy-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventSourceDouble } from '../test/event-source-double.js';
import { ai, FetchDouble } from '../test/fetch-double.js';
import { ANA, serve } from '../test/serve.js';
import { RampartWebProvider, type RampartWebProviderOptions } from './index.js';

// unleash-proxy-client writes every failure to the console.
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockReturnValue();
  vi.stubGlobal('EventSource', EventSourceDouble);
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  EventSourceDouble.all.length = 0;
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HEADER = 'x-rampart-identity';
type Identity = NonNullable<RampartWebProviderOptions['identity']>;

/** A page with its own client, and the identities in its requests for flags and for the event stream. */
async function page(identity: Identity, customHeaders: Record<string, string> = {}) {
  const offer = async () => Response.json({ eventStreams: [{ type: 'sse', url: '/events' }] });
  const tickets = vi.spyOn(globalThis, 'fetch').mockImplementation(offer);
  const gateway = new FetchDouble(() => [ai('ai.x')]);
  const client = new UnleashClient({
    url: 'http://gateway.test/api/frontend',
    clientKey: 'k',
    appName: 'page',
    fetch: gateway.fetch,
    disableMetrics: true,
    disableRefresh: true,
    customHeaders,
  });
  const provider = new RampartWebProvider({ client, identity, events: 'http://gateway.test' });
  await OpenFeature.setProviderAndWait(provider, ANA).catch(() => {});
  await vi.advanceTimersByTimeAsync(0);
  return {
    client,
    gateway,
    flags: () => gateway.asked.map(({ headers }) => headers[HEADER]),
    streams: () => tickets.mock.calls.map(([, init]) => new Headers(init?.headers).get(HEADER)),
  };
}

describe("identity beside a client of the page's own", () => {
  it('says who asks for flags and for the event stream, with the token of the moment', async () => {
    let token: string | undefined = 'jwt-1';
    const { client, flags, gateway, streams } = await page(async () => token);
    token = 'jwt-2';
    await OpenFeature.setContext({ ...ANA, seats: 3 });
    await vi.advanceTimersByTimeAsync(0);
    token = undefined;
    await client.updateToggles();
    expect(flags()).toEqual(['jwt-1', 'jwt-2', undefined]);
    expect(streams()).toEqual(['jwt-1', 'jwt-2']);
    expect(gateway.asked[0]?.headers['authorization']).toBe('k');
    expect(OpenFeature.getClient().getBooleanValue('ai.x', false)).toBe(true);
  });

  it('leaves what the client says by itself, and says nothing more after the end', async () => {
    const identity = vi.fn(() => 'jwt');
    const customHeaders: Record<string, string> = { 'X-Rampart-Identity': 'own' };
    const { client, flags, streams } = await page(identity, customHeaders);
    expect([flags(), streams(), identity.mock.calls.length]).toEqual([['own'], ['own'], 0]);
    delete customHeaders['X-Rampart-Identity'];
    await client.updateToggles();
    await OpenFeature.clearProviders();
    await client.updateToggles();
    expect(flags()).toEqual(['own', 'jwt', undefined]);
  });

  it('that fails, or takes longer than ten seconds, is a failure to fetch', async () => {
    let turn = 0;
    const identity = (): Promise<string> => {
      turn += 1;
      return turn <= 2 ? Promise.reject(new Error('signed out')) : new Promise(() => {});
    };
    const { gateway } = await page(identity);
    const failed = OpenFeature.getClient();
    expect(failed.providerStatus).toBe('ERROR');
    const changed = OpenFeature.setContext({ ...ANA, seats: 3 });
    await vi.advanceTimersByTimeAsync(10_000);
    await changed;
    expect(failed.providerStatus).toBe('ERROR');
    expect(gateway.asked).toHaveLength(0);
  });
});

it('identity of a client that is built leaves what its custom headers say', async () => {
  const { gateway } = await serve(() => [], { identity: () => 'jwt', customHeaders: { 'X-Rampart-Identity': 'own' } });
  expect(gateway.asked[0]?.headers[HEADER]).toBe('own');
});
