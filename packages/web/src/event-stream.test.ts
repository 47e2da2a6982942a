import { OpenFeature } from '@openfeature/web-sdk';
import { UnleashClient } from 'unleash-proxy-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventSourceDouble } from '../test/event-source-double.js';
import { ai, closed, FetchDouble } from '../test/fetch-double.js';
import { ANA, BO, serve } from '../test/serve.js';
import { EventStream } from './event-stream.js';
import { RampartWebProvider } from './index.js';
import type { HeaderRecord } from './stream-name.js';

const REFETCH = JSON.stringify({ type: 'refetchEvaluation', etag: 'flags.7' });

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  await OpenFeature.clearProviders();
  EventSourceDouble.all.length = 0;
  vi.useRealTimers();
});

interface Request {
  readonly url: string;
  readonly headers: HeaderRecord;
  readonly body: unknown;
}

/** A stream over doubles of fetch and EventSource. */
function stream(
  answer: (turn: number) => Response | Error | 'never',
  open = (url: string) => new EventSourceDouble(url),
  headers: () => HeaderRecord | Promise<HeaderRecord> = () => ({ authorization: 'k' }),
) {
  const requests: Request[] = [];
  const signals: (AbortSignal | null | undefined)[] = [];
  const changed = vi.fn();
  const ports = {
    fetch: async (url: string | URL | globalThis.Request, init?: RequestInit) => {
      const body = JSON.parse(init?.body as string) as unknown;
      requests.push({ url: url as string, headers: init?.headers as HeaderRecord, body });
      signals.push(init?.signal);
      const result = answer(requests.length);
      if (result === 'never') return new Promise(() => {});
      if (result instanceof Error) throw result;
      return result;
    },
    open,
    random: () => 1,
  };
  const events = new EventStream({ url: 'http://gateway.test/', headers }, ports as never, changed);
  return { events, requests, signals, changed, last: () => EventSourceDouble.all.at(-1) };
}

const offer = (ticket: string) => () =>
  Response.json({ flags: [], eventStreams: [{ type: 'sse', url: `/ofrep/v1/events?ticket=${ticket}` }] });

describe('the event stream', () => {
  it('requests a ticket for the subject with the key in a header, and opens the URL with the ticket', async () => {
    const { events, requests, last } = stream(offer('t1'));
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toEqual([
      {
        url: 'http://gateway.test/ofrep/v1/evaluate/flags',
        headers: { 'content-type': 'application/json', authorization: 'k' },
        body: { context: ANA },
      },
    ]);
    expect(last()?.url).toBe('http://gateway.test/ofrep/v1/events?ticket=t1');
    events.close();
  });

  it('also where the gateway gives its address in parts', async () => {
    const endpoint = { origin: 'http://events.test', requestUri: '/ofrep/v1/events?ticket=t2' };
    const { events, last } = stream(() =>
      Response.json({ eventStreams: [{ type: 'other' }, { type: 'sse', endpoint }] }),
    );
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    expect(last()?.url).toBe('http://events.test/ofrep/v1/events?ticket=t2');
    events.close();
  });

  it('reports an invalidation on connect and on each event', async () => {
    const { events, changed, last } = stream(offer('t'));
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    expect(changed).not.toHaveBeenCalled();
    last()?.say('open');
    for (const noise of ['{', '{"type":"other"}', 'null', '"refetchEvaluation"', undefined])
      last()?.say('message', noise);
    expect(changed.mock.calls).toEqual([[{ kind: 'missed' }]]);
    last()?.say('message', REFETCH);
    expect(changed).toHaveBeenLastCalledWith({ kind: 'changed', state: 'flags.7' });
    expect(changed).toHaveBeenCalledTimes(2);
    events.close();
  });

  it('reports missed events when the browser reconnects by itself', async () => {
    const { events, changed, last } = stream(offer('t'));
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    last()?.say('open');
    last()?.say('error');
    expect(changed).toHaveBeenCalledOnce();
    last()?.say('open');
    expect(changed.mock.calls).toEqual([[{ kind: 'missed' }], [{ kind: 'missed' }]]);
    events.close();
  });

  it('retries a failed connection', async () => {
    let opened = 0;
    const { events, requests } = stream(offer('t'), (url) => {
      opened += 1;
      if (opened === 1) throw new Error('no streams here');
      return new EventSourceDouble(url);
    });
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([requests.length, EventSourceDouble.all.length]).toEqual([2, 1]);
    events.close();
  });

  it('requests a new ticket after a refusal, with growing delays', async () => {
    const { events, requests, changed, last } = stream((turn) =>
      turn === 2 ? new Error('away') : offer(`t${turn}`)(),
    );
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    last()?.refuse();
    await vi.advanceTimersByTimeAsync(999);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(requests).toHaveLength(3);
    last()?.say('open');
    expect(last()?.url).toContain('t3');
    expect(changed).toHaveBeenCalledOnce();
    events.close();
  });

  it('repeats a ticket request after ten seconds and aborts the former one', async () => {
    const { events, requests, signals, last } = stream((turn) => (turn === 1 ? 'never' : offer(`t${turn}`)()));
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals[0]?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(999);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(last()?.url).toContain('t2');
    events.close();
  });

  it('retries if the headers take more than ten seconds', async () => {
    let turn = 0;
    const headers = () => {
      turn += 1;
      return turn === 1 ? new Promise<HeaderRecord>(() => {}) : { authorization: 'k' };
    };
    const { events, requests, last } = stream(offer('t'), undefined, headers);
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(10_999);
    expect(requests).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect([requests.length, last()?.readyState]).toEqual([1, 0]);
    events.close();
  });

  it("leaves a former subject's stream, and asks nothing after its close", async () => {
    const { events, requests } = stream(offer('t'));
    events.setContext(ANA);
    await vi.advanceTimersByTimeAsync(0);
    events.setContext(BO);
    await vi.advanceTimersByTimeAsync(0);
    expect(EventSourceDouble.all.map(({ readyState }) => readyState)).toEqual([2, 0]);
    EventSourceDouble.all[1]?.refuse();
    events.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(requests).toHaveLength(2);
  });
});

describe('the option `events`', () => {
  it("given as an address asks as the page's own client does, with the headers of the moment", async () => {
    vi.stubGlobal('EventSource', EventSourceDouble);
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => offer('t')());
    const customHeaders: Record<string, string> = { 'X-Rampart-Identity': 'old' };
    const page = { url: 'http://gateway.test/api/frontend', clientKey: 'k', appName: 'page', customHeaders };
    const fetch = new FetchDouble(() => [ai('ai.x')]).fetch;
    const client = new UnleashClient({ ...page, fetch, disableMetrics: true, disableRefresh: true });
    const provider = new RampartWebProvider({ client, events: 'http://gateway.test' });
    customHeaders['X-Rampart-Identity'] = 'new';
    await OpenFeature.setProviderAndWait(provider, ANA);
    await vi.advanceTimersByTimeAsync(0);
    expect(fetched.mock.calls[0]?.[1]?.headers).toMatchObject({ Authorization: 'k', 'X-Rampart-Identity': 'new' });
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('refetches when its function calls, and stops it in the end', async () => {
    const stop = vi.fn();
    let call = (): void => {};
    const events = (changed: () => void) => {
      call = changed;
      return stop;
    };
    const { client, gateway, heard } = await serve(() => [ai('ai.x')], { events });
    gateway.answer = () => [ai('ai.x', closed('off', 'consent'))];
    call();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.getBooleanValue('ai.x', true)).toBe(false);
    expect(heard).toContain('CONFIGURATION_CHANGED: ai.x');
    await OpenFeature.clearProviders();
    expect(stop).toHaveBeenCalledOnce();
  });

  it('given as an address follows the gateway with the headers of the client', async () => {
    vi.stubGlobal('EventSource', EventSourceDouble);
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => offer('t')());
    const { gateway } = await serve(() => [ai('ai.x')], { events: 'http://gateway.test', identity: () => 'jwt' });
    await vi.advanceTimersByTimeAsync(0);
    expect(EventSourceDouble.all[0]?.url).toContain('ticket=t');
    // What the toggles were fetched from may know less than the gateway that tells.
    expect(gateway.asked).toHaveLength(1);
    EventSourceDouble.all[0]?.say('open');
    await vi.advanceTimersByTimeAsync(0);
    expect(gateway.asked.map(({ headers }) => 'if-none-match' in headers)).toEqual([false, true]);
    // The gateway that answers may not know the change yet: the request names it.
    EventSourceDouble.all[0]?.say('message', REFETCH);
    await vi.advanceTimersByTimeAsync(0);
    expect(gateway.asked.at(-1)?.url).toBe('http://gateway.test/api/frontend?flagConfigEtag=flags.7');
    expect(fetched.mock.calls[0]?.[1]?.headers).toMatchObject({
      Authorization: 'default:development.secret',
      'x-rampart-identity': 'jwt',
    });
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('given as an address says the same of the subject as the toggles are asked for with', async () => {
    vi.stubGlobal('EventSource', EventSourceDouble);
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => offer('t')());
    const context = {
      tenantId: 7,
      labels: ['a', 'b'],
      sessionId: 's1',
      properties: { targetingKey: 'x' },
    };
    await serve(() => [], { events: 'http://gateway.test', context });
    await OpenFeature.setContext({ ...context, userId: 'ana' });
    await OpenFeature.setContext({ ...context, userId: 'ana', targetingKey: 'bo' });
    await vi.advanceTimersByTimeAsync(0);
    const sent = { tenantId: '7', labels: 'a,b', sessionId: 's1' };
    expect(fetched.mock.calls.map(([, init]) => JSON.parse(init?.body as string))).toEqual([
      { context: sent },
      { context: { ...sent, targetingKey: 'ana' } },
      { context: { ...sent, targetingKey: 'bo' } },
    ]);
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('given as an address asks for nothing where there are no event streams, as on a server', async () => {
    vi.stubGlobal('EventSource', undefined);
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => offer('t')());
    const { client } = await serve(() => [ai('ai.x')], { events: 'http://gateway.test' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(client.getBooleanValue('ai.x', false)).toBe(true);
    expect(fetched).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
});
