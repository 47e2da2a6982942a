import {
  InMemoryProvider,
  MultiProvider,
  OpenFeature,
  type Provider,
  ProviderEvents,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { ada, change, consented, feature, plain } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { Lines, serve } from '../test/serve.js';
import { RampartProvider } from './provider.js';

afterEach(() => OpenFeature.clearProviders());

describe('under MultiProvider', () => {
  const second = new InMemoryProvider({
    legacy: { variants: { on: true }, defaultVariant: 'on', disabled: false },
    'ai.copilot': { variants: { on: true }, defaultVariant: 'on', disabled: false },
  });

  async function both(): Promise<{ flags: FakeFlags; client: ReturnType<typeof OpenFeature.getClient> }> {
    const flags = new FakeFlags().load([feature(), change(), plain('flag')]);
    const first: Provider = new RampartProvider({ flags, control: consented(), logger: new Lines() });
    await OpenFeature.setProviderAndWait('multi', new MultiProvider([{ provider: first }, { provider: second }]));
    return { flags, client: OpenFeature.getClient('multi') };
  }

  it('a missing flag falls through to the next provider, a closed one does not', async () => {
    const { client } = await both();
    expect(await client.getBooleanValue('legacy', false, ada)).toBe(true);
    expect(await client.getBooleanValue('ai.copilot', true, { ...ada, tenantId: 'globex' })).toBe(false);
    expect(await client.getBooleanValue('flag', false, ada)).toBe(true);
  });

  it('closed flags stay closed after the key is refused', async () => {
    const { client, flags } = await both();
    await new Promise(setImmediate);
    flags.refuse();
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanValue('ai.copilot', true, { ...ada, tenantId: 'globex' })).toBe(false);
  });
});

describe('as a provider', () => {
  it('has its name, side and hooks', async () => {
    const { provider } = await serve([]);
    expect([provider.metadata, provider.runsOn, provider.hooks]).toEqual([{ name: 'rampart' }, 'server', []]);
  });

  it('receives the merged global, client and invocation contexts', async () => {
    const { client } = await serve([feature({ minTier: 'pro' }), change()]);
    OpenFeature.setContext({ tier: 'pro' });
    client.setContext({ tenantId: 'acme' });
    expect(await client.getBooleanValue('ai.copilot', false, { targetingKey: 'ada' })).toBe(true);
    OpenFeature.setContext({});
    expect(await client.getBooleanValue('ai.copilot', true, { targetingKey: 'ada' })).toBe(false);
  });

  it('serves two domains and closes with the last', async () => {
    const { provider, flags, domain } = await serve([plain('flag')]);
    await OpenFeature.setProviderAndWait('second', provider);
    const ready: unknown[] = [];
    OpenFeature.getClient('second').addHandler(ProviderEvents.Ready, () => ready.push('READY'));
    expect(await OpenFeature.getClient('second').getBooleanValue('flag', false)).toBe(true);
    await OpenFeature.setProviderAndWait(domain, new InMemoryProvider());
    expect([flags.started, flags.stopped]).toEqual([1, 0]);
    await OpenFeature.setProviderAndWait('second', new InMemoryProvider());
    expect(flags.stopped).toBe(1);
  });
});
