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
let said: unknown[];
let logger: Lines;

beforeEach(() => {
  vi.useFakeTimers();
  flags = new FakeFlags();
  logger = new Lines();
  provider = new RampartProvider({ flags, control: consented(), logger, initTimeout: 5_000, staleAfter: 20_000 });
  domain = `lifecycle-${domains++}`;
  client = OpenFeature.getClient(domain);
  said = [];
});

afterEach(async () => {
  await OpenFeature.clearProviders();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  if (left > 0) throw new Error(`${left} timers are left`);
});

/** Binds the provider and listens; resolves to what `setProviderAndWait` did. */
function bind(): Promise<unknown> {
  const bound = OpenFeature.setProviderAndWait(domain, provider).catch((error: unknown) => error);
  client.addHandler(ProviderEvents.Ready, () => said.push('READY'));
  client.addHandler(ProviderEvents.Stale, () => said.push('STALE'));
  client.addHandler(ProviderEvents.Error, (details) => said.push(['ERROR', details?.['errorCode'], details?.metadata]));
  client.addHandler(ProviderEvents.ConfigurationChanged, (details) => said.push(['CHANGED', details?.flagsChanged]));
  return bound;
}

// A turn of the event loop that is asked for inside a timer comes a millisecond later.
const later = (milliseconds = 1): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

async function ready(): Promise<void> {
  const bound = bind();
  flags.load(ALL);
  await bound;
  await later();
}

const FAILED = ['ERROR', undefined, undefined];
const FINAL = ['ERROR', undefined, { final: true }];

const detailsOf = (name: string, value: string | number | object) =>
  typeof value === 'string'
    ? client.getStringDetails(name, value, ada)
    : typeof value === 'number'
      ? client.getNumberDetails(name, value, ada)
      : client.getObjectDetails(name, value as never, ada);

/** Expects an AI flag to be closed without an error code, through every way of asking. */
async function expectClosed(detail: string, name = 'ai.copilot'): Promise<void> {
  const details = await client.getBooleanDetails(name, true, ada);
  expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'off', gate: 'flag', detail } });
  expect(details).not.toHaveProperty('errorCode');
  expect(details.reason).toBe('DISABLED');
  expect(provider.decide(name, ada)).toMatchObject({ enabled: false, gate: 'flag' });
  const answer = await provider.answer(name, ada);
  expect(answer).toMatchObject({ kind: 'ai', decision: { enabled: false } });
}

describe('starting', () => {
  it('is ready with the first flags of the server, and says so once', async () => {
    const bound = bind();
    await later(4_999);
    expect(said).toEqual([]);
    expect(client.providerStatus).toBe(ProviderStatus.NOT_READY);
    flags.load(ALL);
    flags.change(ALL, ['flag']);
    await bound;
    await later(60_000);
    expect(said).toEqual(['READY']);
    expect(flags.started).toBe(1);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
  });

  it('serves a source that is in sync already', async () => {
    flags.load(ALL);
    await bind();
    await later();
    expect(said).toEqual(['READY']);
  });

  it('gives up on a dead server after initTimeout, naming its last error', async () => {
    const bound = bind();
    flags.fail('connection refused');
    await later(4_999);
    expect(said).toEqual([]);
    await later(1);
    expect(await bound).toMatchObject({
      code: 'PROVIDER_NOT_READY',
      message: expect.stringMatching(/5000 ms.*connection refused/),
    });
    expect(said).toEqual([['ERROR', undefined, undefined]]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    await expectClosed('not_ready');
    expect(provider.decide('ai.copilot', ada)).toMatchObject({ enabled: false, gate: 'flag', detail: 'not_ready' });
  });

  it('gets ready by itself when the server comes later', async () => {
    const bound = bind();
    await later(5_000);
    await bound;
    await later();
    flags.current = 'server';
    flags.change(ALL, ['flag']);
    flags.load(ALL);
    expect(said).toEqual([['ERROR', undefined, undefined], 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
  });

  it('gets ready when the server answers in the very moment of giving up', async () => {
    const bound = bind();
    vi.advanceTimersByTime(5_000);
    flags.load(ALL);
    await bound;
    await later();
    expect(said).toEqual([['ERROR', undefined, undefined], 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it.each(['responded 401', 'responded 403'])('rejects for good: %s', async (message) => {
    const bound = bind();
    flags.refuse(message);
    expect(await bound).toMatchObject({ code: 'PROVIDER_NOT_READY', final: true, message });
    await later(60_000);
    // OpenFeature's own word on the start, which can't carry metadata, and ours.
    expect(said).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    await expectClosed('refused');
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(logger.lines).toEqual([`warn rampart: the flag platform refuses this provider: ${message}`]);
  });

  it('rejects for good though a backup was loaded, and closes AI flags by any name', async () => {
    const named = { name: 'summaries', dependencies: [{ feature: 'copilot' }] };
    const bound = bind();
    flags.load([...ALL, feature({}, { name: 'copilot' }), change({}, [], named)], 'backup');
    flags.refuse();
    expect(await bound).toMatchObject({ final: true });
    await later();
    for (const name of ['ai.copilot', 'ai.copilot.v2', 'copilot', 'summaries']) await expectClosed('refused', name);
    expect(await client.getBooleanDetails('flag', true, ada)).toMatchObject({ errorCode: 'PROVIDER_NOT_READY' });
    expect([provider.freshness, provider.decideAll(ada).size]).toEqual(['none', 0]);
    expect(provider.answerAll(await provider.inputs(ada))).toEqual([]);
  });

  it('says final where the refusal comes after the timeout', async () => {
    const bound = bind();
    await later(5_000);
    await bound;
    await later();
    flags.refuse();
    expect(said).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    await expectClosed('refused');
  });
});

describe('a refusal in the very moment of giving up', () => {
  it('is said final too', async () => {
    const bound = bind();
    vi.advanceTimersByTime(5_000);
    flags.refuse();
    await bound;
    await later();
    expect(said).toEqual([FAILED, FINAL]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
  });
});

describe('before OpenFeature asks the provider', () => {
  it('AI flags are closed whatever the default, and other flags give it', async () => {
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

  it('AI flags of a backup are closed too, by any name', async () => {
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

  it('hooks of users see the closed answer', async () => {
    const seen: unknown[] = [];
    const bound = bind();
    client.addHooks({ finally: (_asked, details) => void seen.push([details.value, details.errorCode]) });
    await client.getBooleanValue('ai.copilot', true, ada);
    expect(seen).toEqual([[false, undefined]]);
    client.clearHooks();
    flags.load(ALL);
    await bound;
  });

  it('a provider that was closed and is used again closes them', async () => {
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
    ['the server stays silent for initTimeout', () => vi.advanceTimersByTime(4_999)],
  ])('is served, and STALE said once after READY, when %s', async (_, happens) => {
    const bound = bind();
    flags.load(ALL, 'backup');
    await later();
    expect(said).toEqual([]);
    happens();
    expect(await bound).toBeUndefined();
    await later(60_000);
    flags.fail();
    expect(said).toEqual(['READY', 'STALE']);
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
    expect(await client.getBooleanDetails('flag', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
  });

  it('is STALE from the first answer on, also where another domain asks before the start has settled', async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    await OpenFeature.setProviderAndWait('other', provider);
    expect(await OpenFeature.getClient('other').getBooleanDetails('flag', false)).toMatchObject({ reason: 'STALE' });
    flags.load(ALL);
    await bound;
  });

  it('is served too where it arrives after the failure', async () => {
    const bound = bind();
    flags.fail();
    flags.load(ALL, 'backup');
    expect(await bound).toBeUndefined();
    await later();
    expect(said).toEqual(['READY', 'STALE']);
  });

  it('is served where it arrives after the timeout', async () => {
    const bound = bind();
    await later(5_000);
    await bound;
    await later();
    flags.load(ALL, 'backup');
    expect(said.at(-1)).toBe('STALE');
  });

  it('gives way to the server: what changed, then READY', async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    flags.fail();
    await bound;
    await later();
    flags.current = 'server';
    flags.change(ALL, ['flag']);
    expect(said).toEqual(['READY', 'STALE', ['CHANGED', ['flag']], 'READY']);
    expect(await client.getBooleanDetails('flag', false, ada)).toMatchObject({ reason: 'TARGETING_MATCH' });
  });

  it('gives way unnoticed where the server answers before STALE was said', async () => {
    const bound = bind();
    flags.load(ALL, 'backup');
    flags.fail();
    flags.load(ALL);
    await bound;
    await later(60_000);
    expect(said).toEqual(['READY']);
  });
});

describe('errors after the first flags', () => {
  it('say STALE after the grace time, once, and READY on recovery', async () => {
    await ready();
    flags.fail();
    await later(19_999);
    flags.fail();
    expect(said).toEqual(['READY']);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ reason: 'TARGETING_MATCH' });
    await later(1);
    flags.fail();
    await later(60_000);
    expect(said).toEqual(['READY', 'STALE']);
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
    expect(await client.getBooleanDetails('ai.copilot', true, { tenantId: 'globex' })).toMatchObject({
      value: false,
      reason: 'STALE',
    });
    flags.load(ALL);
    flags.load(ALL);
    expect(said).toEqual(['READY', 'STALE', 'READY']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('say nothing where they pass within the grace time', async () => {
    await ready();
    flags.fail();
    await later(19_998);
    flags.fail();
    await later(1);
    flags.load(ALL);
    await later(60_000);
    flags.fail();
    await later(19_999);
    expect(said).toEqual(['READY']);
  });

  it('a refusal is an error, told final, that leaves AI flags closed whatever the default', async () => {
    await ready();
    flags.refuse();
    flags.refuse();
    await later(60_000);
    expect(said).toEqual(['READY', ['ERROR', undefined, { final: true }]]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanDetails('ai.copilot', true, { tenantId: 'globex' })).toMatchObject({
      value: false,
      reason: 'STALE',
    });
    expect(await client.getBooleanDetails('ai.copilot', false, ada)).toMatchObject({ value: true, reason: 'STALE' });
  });
});

describe('changes', () => {
  it('name the changed flags, and those whose answers follow', async () => {
    await ready();
    flags.change(ALL, ['flag']);
    flags.change(ALL, ['ai.copilot']);
    flags.change([feature()], ['ai.copilot.v2', 'flag']);
    expect(said.slice(1)).toEqual([
      ['CHANGED', ['flag']],
      ['CHANGED', ['ai.copilot', 'ai.copilot.v2']],
      ['CHANGED', ['ai.copilot', 'ai.copilot.v2', 'flag']],
    ]);
  });

  it('are silent where nothing changed', async () => {
    await ready();
    flags.load(ALL);
    flags.change(ALL, []);
    expect(said).toEqual(['READY']);
  });
});

describe('closing', () => {
  it('is idempotent, waits for the source, and says nothing more', async () => {
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
    await later();
    expect([closed, flags.stopped, flags.listeners, vi.getTimerCount()]).toEqual([0, 1, 0, 0]);
    flushed();
    await Promise.all(both);
    flags.refuse();
    await later(60_000);
    expect(said).toEqual(['READY']);
  });

  it('settles a start that is under way, and refuses another', async () => {
    const bound = bind();
    await provider.onClose();
    expect(await bound).toMatchObject({ code: 'PROVIDER_NOT_READY' });
    await expect(provider.initialize()).rejects.toMatchObject({ code: 'PROVIDER_NOT_READY', final: true });
  });
});

describe('problems', () => {
  const broken = change({ rollout: 'many' });

  it('are warned of once each, with flag, field and value', async () => {
    flags.load([feature(), broken]);
    await bind();
    const found = flags.snapshot().flag('ai.copilot.v2');
    if (found?.kind === 'change') for (const problem of found.problems) flags.emit({ type: 'problem', problem });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^warn rampart: ai\.copilot\.v2: .*rollout = "many"/);
  });

  it('include bindings that do not fit', async () => {
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
