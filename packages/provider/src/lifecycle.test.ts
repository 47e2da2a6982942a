import { type Client, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ada, change, consented, feature, plain } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { Lines } from '../test/serve.js';
import { RampartProvider } from './provider.js';

const ALL = [feature(), change(), plain('flag')];

let domains = 0;
let flags: FakeFlags;
let provider: RampartProvider;
let client: Client;
let domain: string;
let events: unknown[];
let logger: Lines;

beforeEach(() => {
  vi.useFakeTimers();
  flags = new FakeFlags();
  logger = new Lines();
  provider = new RampartProvider({ flags, control: consented(), logger, initTimeoutMs: 5_000, staleAfterMs: 20_000 });
  domain = `lifecycle-${domains++}`;
  client = OpenFeature.getClient(domain);
  events = [];
});

afterEach(async () => {
  await OpenFeature.clearProviders();
  const timers = vi.getTimerCount();
  vi.useRealTimers();
  if (timers > 0) throw new Error(`${timers} timers are still running`);
});

/** Sets the provider and subscribes to its events; resolves to the error of `setProviderAndWait`, if any. */
function bind(): Promise<unknown> {
  const bound = OpenFeature.setProviderAndWait(domain, provider).catch((error: unknown) => error);
  client.addHandler(ProviderEvents.Ready, () => events.push('READY'));
  client.addHandler(ProviderEvents.Stale, () => events.push('STALE'));
  client.addHandler(ProviderEvents.Error, (details) =>
    events.push(['ERROR', details?.['errorCode'], details?.metadata]),
  );
  client.addHandler(ProviderEvents.ConfigurationChanged, (details) => events.push(['CHANGED', details?.flagsChanged]));
  return bound;
}

// An immediate that a fake timer schedules runs a millisecond later.
const advance = (milliseconds = 1): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

async function ready(): Promise<void> {
  const bound = bind();
  flags.load(ALL);
  await bound;
  await advance();
}

const FAILED = ['ERROR', undefined, undefined];
const FINAL = ['ERROR', undefined, { final: true }];

const detailsOf = (name: string, value: string | number | object) =>
  typeof value === 'string'
    ? client.getStringDetails(name, value, ada)
    : typeof value === 'number'
      ? client.getNumberDetails(name, value, ada)
      : client.getObjectDetails(name, value as never, ada);

/** Expects an AI flag to be closed without an error code by every method. */
async function expectClosed(detail: string, name = 'ai.copilot'): Promise<void> {
  const details = await client.getBooleanDetails(name, true, ada);
  expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'off', gate: 'flag', detail } });
  expect(details).not.toHaveProperty('errorCode');
  expect(details.reason).toBe('DISABLED');
  expect(provider.engine.decide(name, ada)).toMatchObject({ enabled: false, gate: 'flag' });
  const answer = await provider.engine.evaluate(name, ada);
  expect(answer).toMatchObject({ kind: 'ai', decision: { enabled: false } });
}

describe('starting', () => {
  it('emits READY once with the first flags of the server', async () => {
    const bound = bind();
    await advance(4_999);
    expect(events).toEqual([]);
    expect(client.providerStatus).toBe(ProviderStatus.NOT_READY);
    flags.load(ALL);
    flags.change(ALL, ['flag']);
    await bound;
    await advance(60_000);
    expect(events).toEqual(['READY']);
    expect(flags.started).toBe(1);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
  });

  it("serves a source that already has the server's flags", async () => {
    flags.load(ALL);
    await bind();
    await advance();
    expect(events).toEqual(['READY']);
  });

  it('rejects after initTimeoutMs with the last error', async () => {
    const bound = bind();
    flags.fail('connection refused');
    await advance(4_999);
    expect(events).toEqual([]);
    await advance(1);
    expect(await bound).toMatchObject({
      code: 'PROVIDER_NOT_READY',
      message: expect.stringMatching(/5000 ms.*connection refused/),
    });
    expect(events).toEqual([['ERROR', undefined, undefined]]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    await expectClosed('not_ready');
    expect(provider.engine.decide('ai.copilot', ada)).toMatchObject({
      enabled: false,
      gate: 'flag',
      detail: 'not_ready',
    });
  });

  it('becomes ready when the server answers after the timeout', async () => {
    const bound = bind();
    await advance(5_000);
    await bound;
    await advance();
    flags.current = 'server';
    flags.change(ALL, ['flag']);
    flags.load(ALL);
    expect(events).toEqual([['ERROR', undefined, undefined], 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
  });

  it('becomes ready when the server answers in the turn of the timeout', async () => {
    const bound = bind();
    vi.advanceTimersByTime(5_000);
    flags.load(ALL);
    await bound;
    await advance();
    expect(events).toEqual([['ERROR', undefined, undefined], 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it.each(['responded 401', 'responded 403'])('rejects permanently: %s', async (message) => {
    const bound = bind();
    flags.refuse(message);
    expect(await bound).toMatchObject({ code: 'PROVIDER_NOT_READY', final: true, message });
    await advance(60_000);
    // OpenFeature's own event of the start, which can't carry metadata, then the provider's.
    expect(events).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    await expectClosed('refused');
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(logger.lines).toEqual([`warn rampart: the flag platform refuses this provider: ${message}`]);
  });

  it('rejects permanently despite a backup, and closes AI flags of any name', async () => {
    const named = { name: 'summaries', dependencies: [{ feature: 'copilot' }] };
    const bound = bind();
    flags.load([...ALL, feature({}, { name: 'copilot' }), change({}, [], named)], 'backup');
    flags.refuse();
    expect(await bound).toMatchObject({ final: true });
    await advance();
    for (const name of ['ai.copilot', 'ai.copilot.v2', 'copilot', 'summaries']) await expectClosed('refused', name);
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({ errorCode: 'PROVIDER_NOT_READY' });
    expect([provider.engine.freshness, provider.engine.decideAll(ada).size]).toEqual(['none', 0]);
    expect(provider.engine.evaluateAll(await provider.engine.readInputs(ada))).toEqual([]);
  });

  it('emits a final error for a refusal after the timeout', async () => {
    const bound = bind();
    await advance(5_000);
    await bound;
    await advance();
    flags.refuse();
    expect(events).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    await expectClosed('refused');
  });
});

describe('a refusal in the turn of the timeout', () => {
  it('is emitted as final', async () => {
    const bound = bind();
    vi.advanceTimersByTime(5_000);
    flags.refuse();
    await bound;
    await advance();
    expect(events).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
  });
});

describe('before OpenFeature calls the provider', () => {
  it('AI flags are closed for every default, and other flags return the default', async () => {
    const bound = bind();
    expect(client.providerStatus).toBe(ProviderStatus.NOT_READY);
    await expectClosed('not_ready');
    for (const value of ['mine', 7, { mine: 1 }])
      expect(await detailsOf('ai.copilot', value)).not.toHaveProperty('errorCode');
    expect(await client.getStringValue('ai.copilot', 'mine', ada)).toBe('mine');
    expect(await client.getObjectValue('ai.copilot', {}, ada)).toMatchObject({ outcome: 'off', detail: 'not_ready' });
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    flags.load(ALL);
    await bound;
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
  });

  it('AI flags of a backup are closed, whatever their name', async () => {
    const bound = bind();
    flags.load([feature({}, { name: 'copilot' }), plain('replies', { gated: true }), feature()], 'backup');
    for (const name of ['copilot', 'replies', 'ai.copilot']) {
      const details = await client.getBooleanDetails(name, true, ada);
      expect(details).toMatchObject({ value: false, reason: 'DISABLED', flagMetadata: { detail: 'not_ready' } });
      expect(details).not.toHaveProperty('errorCode');
    }
    flags.load(ALL);
    await bound;
  });

  it('user hooks see the closed evaluation', async () => {
    const results: unknown[] = [];
    const bound = bind();
    client.addHooks({ finally: (_evaluation, details) => void results.push([details.value, details.errorCode]) });
    await client.getBooleanValue('ai.copilot', true, ada);
    expect(results).toEqual([[false, undefined]]);
    client.clearHooks();
    flags.load(ALL);
    await bound;
  });

  it('a closed provider that is set again closes AI flags', async () => {
    await provider.onClose();
    const bound = bind();
    await expectClosed('refused');
    expect(await bound).toMatchObject({ final: true });
    await expectClosed('refused');
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
  });
});

describe('a backup', () => {
  it.each([
    ['the server fails', () => flags.fail()],
    ["the server doesn't answer within initTimeoutMs", () => vi.advanceTimersByTime(4_999)],
  ])('is served, with STALE once after READY, when %s', async (_, happens) => {
    const bound = bind();
    flags.load(ALL, 'backup');
    await advance();
    expect(events).toEqual([]);
    happens();
    expect(await bound).toBeUndefined();
    await advance(60_000);
    flags.fail();
    expect(events).toEqual(['READY', 'STALE']);
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
    expect(await client.getBooleanDetails('flag', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
  });

  it('is STALE from the first evaluation on, also in another domain before the start has settled', async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    await OpenFeature.setProviderAndWait('other', provider);
    expect(await OpenFeature.getClient('other').getBooleanDetails('flag', false)).toMatchObject({ reason: 'STALE' });
    flags.load(ALL);
    await bound;
  });

  it('is served when it arrives after the failure', async () => {
    const bound = bind();
    flags.fail();
    flags.load(ALL, 'backup');
    expect(await bound).toBeUndefined();
    await advance();
    expect(events).toEqual(['READY', 'STALE']);
  });

  it('is served when it arrives after the timeout', async () => {
    const bound = bind();
    await advance(5_000);
    await bound;
    await advance();
    flags.load(ALL, 'backup');
    expect(events.at(-1)).toBe('STALE');
  });

  it("is replaced by the server's flags: changes, then READY", async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    flags.fail();
    await bound;
    await advance();
    flags.current = 'server';
    flags.change(ALL, ['flag']);
    expect(events).toEqual(['READY', 'STALE', ['CHANGED', ['flag']], 'READY']);
    expect(await client.getBooleanDetails('flag', false, ada)).toMatchObject({ reason: 'TARGETING_MATCH' });
  });

  it('is replaced without STALE if the server answers first', async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    flags.fail();
    flags.load(ALL);
    await bound;
    await advance(60_000);
    expect(events).toEqual(['READY']);
  });
});

describe('errors after the first flags', () => {
  it('emit STALE once after staleAfterMs, and READY on recovery', async () => {
    await ready();
    flags.fail();
    await advance(19_999);
    flags.fail();
    expect(events).toEqual(['READY']);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ reason: 'TARGETING_MATCH' });
    await advance(1);
    flags.fail();
    await advance(60_000);
    expect(events).toEqual(['READY', 'STALE']);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
    expect(await client.getBooleanDetails('ai.copilot', true, { tenantId: 'globex' })).toMatchObject({
      value: false,
      reason: 'STALE',
    });
    flags.load(ALL);
    flags.load(ALL);
    expect(events).toEqual(['READY', 'STALE', 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('emit nothing if fetching recovers within staleAfterMs', async () => {
    await ready();
    flags.fail();
    await advance(19_998);
    flags.fail();
    await advance(1);
    flags.load(ALL);
    await advance(60_000);
    flags.fail();
    await advance(19_999);
    expect(events).toEqual(['READY']);
  });

  it('a refusal emits a final error and closes AI flags for every default', async () => {
    await ready();
    flags.refuse();
    flags.refuse();
    await advance(60_000);
    expect(events).toEqual(['READY', ['ERROR', undefined, { final: true }]]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanDetails('ai.copilot', true, { tenantId: 'globex' })).toMatchObject({
      value: false,
      reason: 'STALE',
    });
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
  });
});

describe('changes', () => {
  it('list the changed flags and those that depend on them', async () => {
    await ready();
    flags.change(ALL, ['flag']);
    flags.change(ALL, ['ai.copilot']);
    flags.change([feature()], ['ai.copilot.v2', 'flag']);
    expect(events.slice(1)).toEqual([
      ['CHANGED', ['flag']],
      ['CHANGED', ['ai.copilot', 'ai.copilot.v2']],
      ['CHANGED', ['ai.copilot', 'ai.copilot.v2', 'flag']],
    ]);
  });

  it('are not emitted if nothing changed', async () => {
    await ready();
    flags.load(ALL);
    flags.change(ALL, []);
    expect(events).toEqual(['READY']);
  });
});

describe('closing', () => {
  it('is idempotent, waits for the source, and emits nothing more', async () => {
    await ready();
    flags.fail();
    let flushed = (): void => {};
    flags.stop = () =>
      new Promise((resolve) => {
        flags.stopped += 1;
        flushed = resolve;
      });
    let closed = 0;
    const both = [provider.onClose(), provider.onClose()].map((closing) => closing.then(() => closed++));
    await advance();
    expect([closed, flags.stopped, flags.listeners, vi.getTimerCount()]).toEqual([0, 1, 0, 0]);
    flushed();
    await Promise.all(both);
    flags.refuse();
    await advance(60_000);
    expect(events).toEqual(['READY']);
  });

  it('settles a pending start, and rejects another', async () => {
    const bound = bind();
    await provider.onClose();
    expect(await bound).toMatchObject({ code: 'PROVIDER_NOT_READY' });
    await expect(provider.initialize()).rejects.toMatchObject({ code: 'PROVIDER_NOT_READY', final: true });
  });
});

describe('problems', () => {
  const broken = change({ rollout: 'many' });

  it('are logged once each, with flag, field and value', async () => {
    flags.load([feature(), broken]);
    await bind();
    const flag = flags.snapshot().flag('ai.copilot.v2');
    if (flag?.kind === 'change') for (const problem of flag.problems) flags.emit({ type: 'problem', problem });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^warn rampart: ai\.copilot\.v2: .*rollout = "many"/);
  });

  it("include bindings that can't be parsed", async () => {
    flags.load([feature(), change({}, [{ name: 'v', weight: 1000, payload: { type: 'json', value: '{' } }])]);
    await bind();
    expect(logger.lines[0]).toContain('binding of variant v');
  });

  it('warnings of the source are logged once each', async () => {
    await ready();
    flags.emit({ type: 'warning', message: 'slow' });
    flags.emit({ type: 'warning', message: 'slow' });
    expect(logger.lines).toEqual(['warn rampart: slow']);
  });
});
