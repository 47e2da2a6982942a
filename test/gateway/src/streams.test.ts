import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { InMemoryControl, Override } from '@rampart/core';
import type { App, GatewayOptions } from '@rampart/gateway';
import type { Rampart } from '@rampart/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FLAGS, page, service, useGateway } from './fixture.js';
import { consent, memoryRampart } from './memory-rampart.js';

const gateway = useGateway();
const ada = { sub: 'ada', tenant_id: 'acme', tier: 'pro', labels: [] };

let rampart: Rampart<InMemoryControl>;
let app: App;
let open: Stream[] = [];

beforeEach(async () => {
  rampart = await memoryRampart(gateway.unleashUrl(FLAGS), consent('acme'));
});
afterEach(async () => {
  for (const stream of open) stream.close();
  open = [];
  await rampart.close();
});

const start = async (options: Partial<GatewayOptions> = {}): Promise<void> => {
  app = await gateway({ rampart, listen: true, ...options });
};

interface Stream {
  readonly response: IncomingMessage;
  readonly events: readonly string[];
  readonly ended: () => boolean;
  close(): void;
}

/** Connects as a browser's EventSource does. */
function connect(uri: string, headers: Record<string, string> = {}, to: App = app): Promise<Stream> {
  const { port } = to.server.address() as { port: number };
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      port,
      host: '127.0.0.1',
      path: uri,
      headers: { accept: 'text/event-stream', ...headers },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const events: string[] = [];
      let ended = false;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        events.push(...blocks);
      });
      response.on('close', () => {
        ended = true;
      });
      response.on('error', () => {});
      const stream = { response, events, ended: () => ended, close: () => asked.destroy() };
      open.push(stream);
      resolve(stream);
    });
    asked.end();
  });
}

const bulk = async (headers: Record<string, string>, context: unknown = {}, query = '', to: App = app) =>
  to.inject({ method: 'POST', url: `/ofrep/v1/evaluate/flags${query}`, headers, payload: { context } });

const uriOf = (answer: { json(): unknown }): string => {
  const { eventStreams } = answer.json() as { eventStreams: { type: string; endpoint: { requestUri: string } }[] };
  expect(eventStreams).toHaveLength(1);
  expect(eventStreams[0]?.type).toBe('sse');
  return eventStreams[0]?.endpoint.requestUri ?? '';
};

const flagOf = (answer: { json(): unknown }, name: string) =>
  (answer.json() as { flags: { key: string; value: unknown }[] }).flags.find(({ key }) => key === name);
const refetches = (stream: Stream): string[] => stream.events.filter((event) => event.includes('refetchEvaluation'));
const idOf = (stream: Stream): string => /^id: (.+)$/m.exec(stream.events.join('\n'))?.[1] ?? '';

async function listen(claims: Record<string, unknown> = ada): Promise<Stream> {
  const stream = await connect(uriOf(await bulk(await page(claims))));
  expect(stream.response.statusCode).toBe(200);
  await vi.waitFor(() => expect(idOf(stream)).not.toBe(''));
  return stream;
}

describe('an event stream', () => {
  it('says nothing while nothing changes, and that flags are to be asked again when they have', async () => {
    await start();
    const stream = await listen();
    expect(stream.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    expect(refetches(stream)).toEqual([]);
    rampart.control.apply(consent('acme', 'opt_out'));
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
    const data = JSON.parse(/^data: (.+)$/m.exec(refetches(stream)[0] ?? '')?.[1] ?? '') as {
      type: string;
      etag: string;
    };
    expect(data.type).toBe('refetchEvaluation');
    const answer = await bulk(await page(ada), {}, `?flagConfigEtag=${encodeURIComponent(data.etag)}`);
    expect(answer.statusCode).toBe(200);
  });

  it('is told of its own tenant, and of everybody; never of another tenant', async () => {
    await start();
    const acme = await listen();
    const globex = await listen({ ...ada, sub: 'bob', tenant_id: 'globex' });
    rampart.control.apply(consent('globex'));
    await vi.waitFor(() => expect(refetches(globex)).toHaveLength(1));
    expect(refetches(acme)).toEqual([]);
    rampart.control.apply({ kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
    await vi.waitFor(() => expect([refetches(acme).length, refetches(globex).length]).toEqual([1, 2]));
  });

  it('is told when a flag is edited', async () => {
    await start();
    const listeners: ((event: { type: 'changed'; flags: string[] }) => void)[] = [];
    const { subscribe } = rampart.flags;
    rampart.flags.subscribe = (listener) => {
      listeners.push(listener);
      return () => {};
    };
    await app.close();
    await start();
    rampart.flags.subscribe = subscribe;
    const stream = await listen();
    for (const listener of listeners) listener({ type: 'changed', flags: ['plain'] });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
  });

  it('that comes back is told at once: it may have missed something', async () => {
    await start();
    const uri = uriOf(await bulk(await page(ada)));
    const first = await connect(uri);
    await vi.waitFor(() => expect(idOf(first)).not.toBe(''));
    first.close();
    const again = await connect(uri, { 'last-event-id': idOf(first) });
    await vi.waitFor(() => expect(refetches(again)).toHaveLength(1));
    const used = await connect(uri);
    await vi.waitFor(() => expect(refetches(used)).toHaveLength(1));
    // It took the other one's place.
    await vi.waitFor(() => expect(again.ended()).toBe(true));
  });

  it('is told at once of what happened between its answer and its connection', async () => {
    await start();
    const uri = uriOf(await bulk(await page(ada)));
    const other = uriOf(await bulk(await page({ ...ada, tenant_id: 'initech' })));
    rampart.control.apply(consent('acme', 'opt_out'));
    const stream = await connect(uri);
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
    const untouched = await connect(other);
    await vi.waitFor(() => expect(idOf(untouched)).not.toBe(''));
    expect(refetches(untouched)).toEqual([]);
  });

  it('names nobody and no key in its address, and no other address opens one', async () => {
    await start();
    const uri = uriOf(await bulk(await page(ada)));
    const sealed = Buffer.from(new URL(uri, 'http://x').searchParams.get('ticket') ?? '', 'base64url').toString(
      'latin1',
    );
    expect(sealed).not.toMatch(/ada|acme/);
    const changed = uri.slice(0, -2) + (uri.endsWith('AA') ? 'BB' : 'AA');
    for (const bad of [changed, '/ofrep/v1/events?ticket=x', `${uri}AAAA`]) {
      const refused = await connect(bad);
      expect(refused.response.statusCode).toBe(401);
    }
    expect((await connect('/ofrep/v1/events')).response.statusCode).toBe(400);
  });

  it('is opened within a minute; later only by who was connected, for half a day', async () => {
    await start();
    const uri = uriOf(await bulk(await page(ada)));
    const stream = await connect(uri);
    await vi.waitFor(() => expect(idOf(stream)).not.toBe(''));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      expect((await connect(uri)).response.statusCode).toBe(401);
      expect((await connect(uri, { 'last-event-id': 'guessed' })).response.statusCode).toBe(401);
      expect((await connect(uri, { 'last-event-id': idOf(stream) })).response.statusCode).toBe(200);
      vi.setSystemTime(Date.now() + 12 * 60 * 60_000);
      expect((await connect(uri, { 'last-event-id': idOf(stream) })).response.statusCode).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends in time, and its page comes back by itself, to be told that it has to ask', async () => {
    await start({ streamSeconds: 60 });
    const uri = uriOf(await bulk(await page(ada)));
    const stream = await connect(uri);
    await vi.waitFor(() => expect(idOf(stream)).not.toBe(''));
    // By then the token of its user has ended, which a stream, carrying nothing, doesn't need.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 });
    try {
      await vi.waitFor(() => expect(stream.ended()).toBe(true), 5_000);
      const again = await connect(uri, { 'last-event-id': idOf(stream) });
      await vi.waitFor(() => expect(refetches(again)).toHaveLength(1));
    } finally {
      vi.useRealTimers();
    }
  });

  it('is told when an override ends, of which nobody says anything', async () => {
    await start();
    const globex = await listen({ ...ada, tenant_id: 'globex' });
    const stream = await listen();
    const until = Date.now() + 2_000;
    const override: Override = { id: 'o', flag: 'ai.copilot', force: 'on', reason: 'a demo', until };
    rampart.control.apply({ kind: 'override', tenant: 'acme', override });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(2), 8_000);
    expect(Date.now()).toBeGreaterThan(until);
    expect(refetches(globex)).toEqual([]);
  });

  it('is told when consent can be proven no more, and when it can again', async () => {
    await start();
    const stream = await listen();
    const { read } = rampart.control;
    Object.assign(rampart.control, { read: () => undefined });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1), 5_000);
    Object.assign(rampart.control, { read });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(2), 5_000);
  });

  it('is told when a date comes that a rule compares with', async () => {
    const dated = structuredClone(FLAGS) as { features: { name: string; strategies: { constraints: unknown[] }[] }[] };
    const value = new Date(Date.now() + 8_000).toISOString();
    const constraint = { contextName: 'currentTime', operator: 'DATE_BEFORE', value };
    dated.features.find(({ name }) => name === 'plain')?.strategies[0]?.constraints.push(constraint);
    const other = await memoryRampart(gateway.unleashUrl(dated as typeof FLAGS), consent('acme'));
    try {
      app = await gateway({ rampart: other, listen: true });
      const plainOf = async () => flagOf(await bulk(await page(ada)), 'plain')?.value;
      expect(await plainOf()).toBe(true);
      const stream = await listen();
      await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1), 15_000);
      expect(await plainOf()).toBe(false);
    } finally {
      await app.close();
      await other.close();
    }
  });

  it('is one of so many: of a user, of an address, of all', async () => {
    await start({ limits: { streams: 3, streamsPerUser: 2 } });
    await listen();
    await listen();
    expect((await connect(uriOf(await bulk(await page(ada))))).response.statusCode).toBe(429);
    await listen({ ...ada, sub: 'bob' });
    const full = await connect(uriOf(await bulk(await page({ ...ada, sub: 'carol' }))));
    expect([full.response.statusCode, full.response.headers['retry-after']]).toEqual([503, '10']);
    open[0]?.close();
    await vi.waitFor(async () => {
      expect((await connect(uriOf(await bulk(await page({ ...ada, sub: 'carol' }))))).response.statusCode).toBe(200);
    });
  });

  it('is closed when the gateway stops', async () => {
    await start();
    const stream = await listen();
    await app.close();
    await vi.waitFor(() => expect(stream.ended()).toBe(true));
  });
});

describe('an answer that still stands', () => {
  it('is made again where the address of its stream is of no more use', async () => {
    await start();
    const headers = await page(ada);
    const answer = await bulk(headers);
    const tag = String(answer.headers['etag']);
    const again = async (query = '') => (await bulk({ ...headers, 'if-none-match': tag }, {}, query)).statusCode;
    expect(await again()).toBe(304);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      expect(await again()).toBe(200);
    } finally {
      vi.useRealTimers();
    }
    const stream = await connect(uriOf(answer));
    await vi.waitFor(() => expect(idOf(stream)).not.toBe(''));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      expect(await again()).toBe(304);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not given from older flags than the page was told of', async () => {
    await start();
    let fetched = 0;
    rampart.flags.refresh = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      fetched += 1;
    };
    const { etag } = JSON.parse(/^data: (.+)$/m.exec((await toldOnce()) ?? '')?.[1] ?? '{}') as { etag: string };
    const headers = await page(ada);
    await bulk(headers, {}, `?flagConfigEtag=${encodeURIComponent(etag)}`);
    expect(fetched).toBe(0);
    const newer = `${'A'.repeat(22)}.${etag.split('.')[1]}`;
    const fetchedBefore = await bulk(headers, {}, `?flagConfigEtag=${newer}`).then(() => fetched);
    expect(fetchedBefore).toBe(1);
    await bulk(headers, {}, `?flagConfigEtag=${newer}`);
    await bulk(headers, {}, '?flagConfigEtag=anything');
    expect(fetched).toBe(1);
  });

  it('waits, for everyone who asks meanwhile, until newer flags have come', async () => {
    await start();
    const { etag } = JSON.parse(/^data: (.+)$/m.exec((await toldOnce()) ?? '')?.[1] ?? '{}') as { etag: string };
    const newer = `${'A'.repeat(22)}.${etag.split('.')[1]}`;
    const arrivals: (() => void)[] = [];
    rampart.flags.refresh = () => new Promise((resolve) => arrivals.push(resolve));
    const headers = await page(ada);
    let answered = 0;
    const asked = Array.from({ length: 5 }, async () => {
      await bulk(headers, {}, `?flagConfigEtag=${newer}`);
      answered += 1;
    });
    await vi.waitFor(() => expect(arrivals).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answered).toBe(0);
    arrivals[0]?.();
    await Promise.all(asked);
    expect(arrivals).toHaveLength(1);
  });

  it('is not given from an older control state than the page was told of', async () => {
    await start();
    const { control } = rampart;
    const reached: (string | undefined)[] = [];
    Object.assign(control, { load: async (_: unknown, atLeast?: string) => void reached.push(atLeast) });
    await bulk(await page(ada), {}, '?flagConfigEtag=.999999');
    expect(reached).toContain('999999');
  });
});

async function toldOnce(): Promise<string | undefined> {
  const stream = await listen();
  rampart.control.apply(consent('acme', 'opt_out'));
  await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
  return refetches(stream)[0];
}

it('lets a service have as many streams as it has tenants', async () => {
  await start({ limits: { streamsPerUser: 1 } });
  for (const tenantId of ['acme', 'globex', 'initech']) {
    const answer = await bulk(service.headers, { targetingKey: 'ada', tenantId });
    expect((await connect(uriOf(answer))).response.statusCode).toBe(200);
  }
});

it('lets a service listen for the tenant that it asks about', async () => {
  await start();
  const stream = await connect(uriOf(await bulk(service.headers, { targetingKey: 'ada', tenantId: 'acme' })));
  await vi.waitFor(() => expect(idOf(stream)).not.toBe(''));
  rampart.control.apply(consent('globex'));
  rampart.control.apply(consent('acme', 'opt_out'));
  await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
});
