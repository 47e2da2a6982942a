import { type Client, OpenFeature, ProviderStatus } from '@openfeature/web-sdk';
import { EVENTS, InMemoryStorageProvider, UnleashClient } from 'unleash-proxy-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ai, closed, FetchDouble, plain } from '../test/fetch-double.js';
import { ANA, BO, serve, start } from '../test/serve.js';
import { RampartWebProvider, readWebDecision } from './index.js';

// unleash-proxy-client writes every failure to the console.
beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue());
afterEach(async () => {
  await OpenFeature.clearProviders();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const byTenant = { acme: [plain('theme'), ai('ai.x')], globex: [ai('ai.x', closed('off', 'consent'))] };
const whoAsks = ({ context }: { context: { properties?: Readonly<Record<string, string>> } }) =>
  byTenant[(context.properties?.['tenantId'] ?? 'globex') as keyof typeof byTenant];

describe('the start', () => {
  it('emits READY once when the flags have arrived', async () => {
    const { client, heard } = await serve(() => [ai('ai.x')]);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(heard).toEqual(['READY']);
  });

  it.each([401, 503])('that is answered %i is an ERROR, and READY follows when it succeeds', async (status) => {
    const { client, gateway, provider, heard } = await serve(() => status);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(readWebDecision(client, 'ai.x')).toMatchObject({ enabled: false, detail: 'unconfirmed' });
    gateway.answer = () => [ai('ai.x')];
    await OpenFeature.setContext(BO);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
    expect(heard).toEqual(expect.arrayContaining(['ERROR', 'READY', 'CONFIGURATION_CHANGED: ai.x']));
    expect(provider.client.getContext().userId).toBe('bo');
  });

  it('from a stored copy closes AI flags until the gateway has answered', async () => {
    const storage = new InMemoryStorageProvider();
    await storage.save('repo', [ai('ai.x'), plain('theme')]);
    const { client } = await serve(() => new TypeError('offline'), { storage });
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, reason: 'STALE' });
    expect(client.getBooleanDetails('ai.x', true).flagMetadata).toEqual({ outcome: 'off', detail: 'unconfirmed' });
    expect(client.getBooleanDetails('theme', false)).toMatchObject({ value: true, reason: 'STALE' });
    expect(client.getBooleanDetails('new', true)).toMatchObject(unheard);
  });

  it.each(['disabled', 'not_found'] as const)('that failed leaves the default, with unlisted: %s', async (unlisted) => {
    const { client, gateway } = await serve(() => 503, { unlisted });
    expect(client.getBooleanDetails('theme', true)).toMatchObject(unheard);
    expect(client.getBooleanDetails('theme', true).errorCode).toBeUndefined();
    expect(client.getStringValue('text', 'mine')).toBe('mine');
    gateway.answer = () => [];
    await OpenFeature.setContext(BO);
    expect(client.getBooleanDetails('theme', true).reason).toBe(unlisted === 'disabled' ? 'DISABLED' : 'ERROR');
  });

  it('after a close fails at once, as the context does, and starts nothing', async () => {
    const { provider, gateway } = await serve(() => [ai('ai.x')]);
    await provider.onClose();
    const asked = gateway.asked.length;
    const message = 'this provider was closed; create a new one';
    await expect(provider.initialize(ANA)).rejects.toThrow(message);
    await expect(provider.onContextChange(ANA, BO)).rejects.toThrow(message);
    await OpenFeature.clearProviders();
    await expect(OpenFeature.setProviderAndWait('again', provider)).rejects.toThrow(message);
    // No FATAL: its callers get their defaults, and a default of true would open an AI flag.
    const again = OpenFeature.getClient('again');
    expect(again.providerStatus).toBe(ProviderStatus.ERROR);
    expect(again.getBooleanValue('ai.x', true)).toBe(false);
    expect(gateway.asked.length).toBe(asked);
  });

  const unheard = { value: true, reason: 'DEFAULT', flagMetadata: { detail: 'unconfirmed' } };
});

describe('a default of true never opens an AI flag', () => {
  const closedNow = (client: Client): void => {
    for (const name of ['ai.x', 'ai.never-heard-of']) {
      const details = client.getBooleanDetails(name, true);
      expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'off', detail: 'unconfirmed' } });
      expect(details.errorCode).toBeUndefined();
      expect(client.getStringDetails(name, 'mine')).toMatchObject({ value: 'mine' });
      expect(client.getStringDetails(name, 'mine').errorCode).toBeUndefined();
      expect(readWebDecision(client.getObjectDetails(name, { outcome: 'enabled', enabled: true }))).toEqual(
        unconfirmed,
      );
    }
  };
  const unconfirmed = { outcome: 'off', enabled: false, detail: 'unconfirmed' };

  it('before anything was fetched, and the status stays NOT_READY', async () => {
    const gateway = new FetchDouble(() => [ai('ai.x')]);
    gateway.hold();
    const { client, started } = start(gateway);
    expect(client.providerStatus).toBe(ProviderStatus.NOT_READY);
    closedNow(client);
    expect(client.getBooleanDetails('theme', true)).toMatchObject({ value: true, errorCode: 'PROVIDER_NOT_READY' });
    gateway.release();
    await started;
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it.each([401, 403, 400, 503])('after a start that is answered %i', async (status) => {
    const { client } = await serve(() => status);
    closedNow(client);
    expect(client.getBooleanDetails('theme', true)).toMatchObject({ value: true, reason: 'DEFAULT' });
  });

  it('while the user changes', async () => {
    const { client, gateway } = await serve(() => [ai('ai.x')]);
    gateway.hold();
    const changed = OpenFeature.setContext(BO);
    closedNow(client);
    gateway.release();
    await changed;
  });
});

describe('another user', () => {
  it('never gets the flags of the former user, neither during the change nor after it', async () => {
    const { client, gateway, heard } = await serve(whoAsks);
    expect([client.getBooleanValue('ai.x', false), client.getBooleanValue('theme', false)]).toEqual([true, true]);
    gateway.hold();
    const changed = OpenFeature.setContext(BO);
    expect(client.providerStatus).toBe(ProviderStatus.RECONCILING);
    expect([client.getBooleanValue('ai.x', true), client.getBooleanValue('theme', false)]).toEqual([false, false]);
    gateway.release();
    await changed;
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, flagMetadata: { gate: 'consent' } });
    expect(heard).toEqual([
      'READY',
      'CONFIGURATION_CHANGED: ai.x,theme',
      'RECONCILING',
      'CONFIGURATION_CHANGED: ai.x',
      'CONTEXT_CHANGED',
    ]);
  });

  it('has the default of ordinary flags while it changes, and nothing of AI that was ever heard of', async () => {
    const { client, gateway } = await serve(whoAsks);
    gateway.answer = () => [];
    await OpenFeature.setContext({});
    gateway.hold();
    const changed = OpenFeature.setContext(BO);
    expect(client.getBooleanDetails('theme', true)).toMatchObject({ value: true, reason: 'DEFAULT' });
    expect(client.getBooleanDetails('ai.x', true)).toMatchObject({ value: false, reason: 'STALE' });
    expect(readWebDecision(client, 'ai.x').detail).toBe('unconfirmed');
    gateway.release();
    await changed;
  });

  it('does not get the former flags if the change fails, and gets its own when it succeeds later', async () => {
    const { client, gateway, provider } = await serve(whoAsks);
    gateway.answer = () => 503;
    await OpenFeature.setContext(BO);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect([client.getBooleanValue('ai.x', true), client.getBooleanValue('theme', false)]).toEqual([false, false]);
    gateway.answer = () => [plain('theme'), ai('ai.x')];
    await provider.client.updateToggles();
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it('does not get a late response for the former user', async () => {
    const { client, gateway, provider } = await serve(whoAsks);
    gateway.hold();
    // Once the first of two has been cancelled, unleash-proxy-client 3.8 can't cancel the second any more.
    const late = [provider.client.updateToggles(), provider.client.updateToggles()];
    await late[0];
    const changed = OpenFeature.setContext(BO);
    gateway.release(2);
    await changed;
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
    gateway.release();
    await Promise.all(late);
    expect([client.getBooleanValue('ai.x', true), client.getBooleanValue('theme', false)]).toEqual([false, false]);
  });

  it('that is followed by a third settles with the third', async () => {
    const { client, gateway } = await serve(whoAsks);
    gateway.hold();
    const both = [OpenFeature.setContext(BO), OpenFeature.setContext(ANA)];
    gateway.release();
    await Promise.all(both);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it('gets no "unchanged" for the state of the former one', async () => {
    const { gateway, provider } = await serve(whoAsks);
    await provider.client.updateToggles();
    await OpenFeature.setContext(BO);
    const sent = gateway.asked.map(({ headers }) => 'if-none-match' in headers);
    expect(sent).toEqual([false, true, false]);
  });
});

describe('while the page is open', () => {
  it('emits the changed flags, and nothing if none changed', async () => {
    const { client, gateway, provider, heard } = await serve(() => [
      ai('ai.x', { feedback: 'v1.one' }),
      plain('theme'),
    ]);
    gateway.answer = () => [ai('ai.x', { feedback: 'v1.two', revisions: { consent: '1:2' } }), plain('theme')];
    await provider.client.updateToggles();
    expect(heard).toEqual(['READY']);
    expect(client.getBooleanDetails('ai.x', false).flagMetadata).toMatchObject({ feedback: 'v1.two' });
    gateway.answer = () => [ai('ai.x', closed('off', 'consent')), plain('theme')];
    await provider.client.updateToggles();
    expect(heard).toEqual(['READY', 'CONFIGURATION_CHANGED: ai.x']);
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
  });

  it('is STALE when nothing can be fetched, and READY again', async () => {
    const { client, gateway, provider, heard } = await serve(() => [ai('ai.x')]);
    const well = gateway.answer;
    gateway.answer = () => 503;
    await provider.client.updateToggles();
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'STALE' });
    gateway.answer = well;
    await provider.client.updateToggles();
    expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(heard).toEqual(['READY', 'STALE', 'READY']);
  });

  it.each([401, 403, 400])('closes AI at once when the gateway answers %i', async (status) => {
    const { client, gateway, provider, heard } = await serve(() => [ai('ai.x'), plain('theme')]);
    gateway.answer = () => status;
    await provider.client.updateToggles();
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
    expect(client.getBooleanDetails('theme', false)).toMatchObject({ value: true, reason: 'STALE' });
    expect(heard).toEqual(['READY', 'ERROR', 'CONFIGURATION_CHANGED: ai.x']);
  });

  it('closes AI flags when fetching fails for closeAfterMs', async () => {
    vi.useFakeTimers();
    const { client, gateway, provider, heard } = await serve(() => [ai('ai.x'), plain('theme')], {
      closeAfterMs: 5_000,
    });
    gateway.answer = () => 503;
    await provider.client.updateToggles();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
    await vi.advanceTimersByTimeAsync(2);
    expect([client.getBooleanValue('ai.x', true), client.getBooleanValue('theme', false)]).toEqual([false, true]);
    expect(heard).toEqual(['READY', 'STALE', 'CONFIGURATION_CHANGED: ai.x']);
  });

  it('takes "unchanged" for an answer', async () => {
    vi.useFakeTimers();
    const { client, gateway, provider } = await serve(() => [ai('ai.x')], { closeAfterMs: 5_000 });
    gateway.answer = () => 304;
    await vi.advanceTimersByTimeAsync(4_000);
    await provider.client.updateToggles();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
  });

  it('takes an answer without toggles for none', async () => {
    const { client, gateway, provider } = await serve(() => [ai('ai.x')]);
    gateway.answer = () => 200;
    await provider.client.updateToggles();
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(client.getBooleanDetails('ai.x', false)).toMatchObject({ value: true, reason: 'STALE' });
  });
});

describe("a client of the page's own", () => {
  const build = (gateway: FetchDouble): UnleashClient =>
    new UnleashClient({
      url: 'http://gateway.test/api/frontend',
      clientKey: 'k',
      appName: 'page',
      fetch: gateway.fetch,
      disableMetrics: true,
      refreshInterval: 60,
      usePOSTrequests: true,
      storageProvider: new InMemoryStorageProvider(),
      context: { userId: 'page' },
    });

  it('that runs is used and goes on', async () => {
    const gateway = new FetchDouble(() => [ai('ai.x')]);
    const unleash = build(gateway);
    await unleash.start();
    const stop = vi.spyOn(unleash, 'stop');
    const startPolling = vi.spyOn(unleash, 'start');
    await OpenFeature.setProviderAndWait(new RampartWebProvider({ client: unleash }), {});
    expect(OpenFeature.getClient().getBooleanValue('ai.x', false)).toBe(true);
    expect(gateway.asked.map(({ context }) => context.userId)).toEqual(['page', 'page']);
    await OpenFeature.clearProviders();
    expect([startPolling.mock.calls.length, stop.mock.calls.length]).toEqual([0, 0]);
    await unleash.updateToggles();
    expect(gateway.asked).toHaveLength(3);
    unleash.stop();
  });

  it('that is not started is started, and stopped at the close', async () => {
    const unleash = build(new FetchDouble(() => [ai('ai.x')]));
    const stop = vi.spyOn(unleash, 'stop');
    await OpenFeature.setProviderAndWait(new RampartWebProvider({ client: unleash }), ANA);
    expect(unleash.getContext().userId).toBe('ana');
    await OpenFeature.clearProviders();
    expect(stop).toHaveBeenCalledOnce();
  });

  it('keeps to itself what it got before the provider was there', async () => {
    const gateway = new FetchDouble(() => [ai('ai.x')]);
    const unleash = build(gateway);
    await unleash.start();
    gateway.answer = () => 503;
    await OpenFeature.setProviderAndWait(new RampartWebProvider({ client: unleash }), BO).catch(() => {});
    expect(OpenFeature.getClient().getBooleanValue('ai.x', true)).toBe(false);
    unleash.stop();
  });

  it('that takes what is stored for new enough asks all the same', async () => {
    const storageProvider = new InMemoryStorageProvider();
    const startProvider = async (gateway: FetchDouble): Promise<RampartWebProvider> => {
      const client = new UnleashClient({
        url: 'http://gateway.test/api/frontend',
        clientKey: 'k',
        appName: 'page',
        fetch: gateway.fetch,
        disableMetrics: true,
        disableRefresh: true,
        storageProvider,
        experimental: { togglesStorageTTL: 600 },
        context: { userId: 'ana', properties: { tenantId: 'acme' } },
      });
      const provider = new RampartWebProvider({ client });
      await OpenFeature.setProviderAndWait(provider, ANA);
      return provider;
    };
    await startProvider(new FetchDouble(() => [ai('ai.x')]));
    // The client stores the time behind its answer.
    await vi.waitFor(async () => expect(await storageProvider.get('repoLastUpdateTimestamp')).toBeDefined());
    const gateway = new FetchDouble(() => [ai('ai.x', closed('off', 'consent'))]);
    await startProvider(gateway);
    expect(gateway.asked).toHaveLength(1);
    expect(OpenFeature.getClient().getBooleanValue('ai.x', true)).toBe(false);
  });

  it('that is no such client is refused', () => {
    const other = { on: () => {}, emit: EVENTS } as unknown as UnleashClient;
    expect(() => new RampartWebProvider({ client: other })).toThrow('has no fetch to watch');
  });
});
