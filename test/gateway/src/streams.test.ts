import type { InMemoryControl, Override } from '@rampart/core';
import type { App, GatewayOptions } from '@rampart/gateway';
import type { Rampart } from '@rampart/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf, openStream, refetches, type Stream, uriOf, validatorIn } from './event-source.js';
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

async function connect(uri: string, headers: Record<string, string> = {}): Promise<Stream> {
  const stream = await openStream(app, uri, headers);
  open.push(stream);
  return stream;
}

const bulk = async (headers: Record<string, string>, context: unknown = {}, query = '', to: App = app) =>
  to.inject({ method: 'POST', url: `/ofrep/v1/evaluate/flags${query}`, headers, payload: { context } });

const OVERRIDE: Omit<Override, 'until'> = { id: 'o', flag: 'ai.copilot', force: 'on', reason: 'a demo' };
const flagOf = (answer: { json(): unknown }, name: string) =>
  (answer.json() as { flags: { key: string; value: unknown }[] }).flags.find(({ key }) => key === name);

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
    const told = encodeURIComponent(validatorIn(refetches(stream)[0]));
    expect((await bulk(await page(ada), {}, `?flagConfigEtag=${told}`)).statusCode).toBe(200);
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

  it('is told once more after maxStaleness, when nobody answers from before, and no more than once', async () => {
    await start({ maxStaleness: 500 });
    const [acme, globex] = [await listen(), await listen({ ...ada, tenant_id: 'globex' })];
    rampart.control.apply(consent('acme', 'opt_out'));
    await vi.waitFor(() => expect(refetches(acme)).toHaveLength(1));
    const [toldAt, headers] = [performance.now(), await page(ada)];
    const asked = (tag?: string) => {
      const told = encodeURIComponent(validatorIn(refetches(acme).at(-1)));
      return bulk(tag === undefined ? headers : { ...headers, 'if-none-match': tag }, {}, `?flagConfigEtag=${told}`);
    };
    const tag = String((await asked()).headers['etag']);
    await vi.waitFor(() => expect(refetches(acme)).toHaveLength(2));
    expect(performance.now() - toldAt).toBeGreaterThan(450);
    expect((await asked(tag)).statusCode).toBe(304);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([refetches(acme).length, refetches(globex).length]).toEqual([2, 0]);
  });

  it('is told of what followed at once, and once more of both together', async () => {
    await start({ maxStaleness: 500 });
    const stream = await listen();
    rampart.control.apply(consent('acme', 'opt_out'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    rampart.control.apply({ kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(3));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(refetches(stream)).toHaveLength(3);
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
    rampart.control.apply({ kind: 'override', tenant: 'acme', override: { ...OVERRIDE, until } });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(2), 8_000);
    expect(Date.now()).toBeGreaterThan(until);
    expect(refetches(globex)).toEqual([]);
  });

  it('is told when an override ends, whoever connects in the second before', async () => {
    await start();
    const stream = await listen();
    rampart.control.apply({ kind: 'override', tenant: 'acme', override: { ...OVERRIDE, until: Date.now() + 1_500 } });
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
    const others = setInterval(() => void listen({ ...ada, sub: 'bob' }), 200);
    try {
      await vi.waitFor(() => expect(refetches(stream)).toHaveLength(2), 4_000);
    } finally {
      clearInterval(others);
    }
  });

  it('is told when an override ends right after it connected', async () => {
    await start();
    const until = Date.now() + 1_500;
    rampart.control.apply({ kind: 'override', tenant: 'acme', override: { ...OVERRIDE, until } });
    const uri = uriOf(await bulk(await page(ada)));
    await new Promise((resolve) => setTimeout(resolve, until - 120 - Date.now()));
    const stream = await connect(uri);
    await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1), 4_000);
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
    await withDate(Date.now() + 8_000, async () => {
      expect(await plainOf()).toBe(true);
      const stream = await listen();
      await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1), 15_000);
      expect(await plainOf()).toBe(false);
    });
  });

  it('is told at once of a date that came between its answer and its connection', async () => {
    const date = Date.now() + 3_000;
    await withDate(date, async () => {
      const uri = uriOf(await bulk(await page(ada)));
      expect(await plainOf()).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, date + 1_500 - Date.now()));
      const stream = await connect(uri);
      await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
      expect(await plainOf()).toBe(false);
    });
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
    const etag = validatorIn(await toldOnce());
    const headers = await page(ada);
    await bulk(headers, {}, `?flagConfigEtag=${encodeURIComponent(etag)}`);
    expect(fetched).toBe(0);
    const newer = `${'A'.repeat(22)}.${etag.split('.')[1]}`;
    const fetchedBefore = await bulk(headers, {}, `?flagConfigEtag=${newer}`).then(() => fetched);
    expect(fetchedBefore).toBe(1);
    await bulk(headers, {}, '?flagConfigEtag=anything');
    expect(fetched).toBe(1);
    await bulk(headers, {}, `?flagConfigEtag=${newer}`);
    expect(fetched).toBe(2);
  });

  it('waits, for everyone who asks meanwhile, until newer flags have come', async () => {
    await start();
    const etag = validatorIn(await toldOnce());
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
    // What came was asked for before the others asked, and is not what they were told of: one more for all of them.
    await vi.waitFor(() => expect(arrivals).toHaveLength(2), 2_000);
    expect(answered).toBe(1);
    arrivals[1]?.();
    await Promise.all(asked);
    expect(arrivals).toHaveLength(2);
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

const plainOf = async () => flagOf(await bulk(await page(ada)), 'plain')?.value;

/** With a gateway whose flag `plain` is on until a date. */
async function withDate(date: number, test: () => Promise<void>): Promise<void> {
  const dated = structuredClone(FLAGS) as { features: { name: string; strategies: { constraints: unknown[] }[] }[] };
  const constraint = { contextName: 'currentTime', operator: 'DATE_BEFORE', value: new Date(date).toISOString() };
  dated.features.find(({ name }) => name === 'plain')?.strategies[0]?.constraints.push(constraint);
  const other = await memoryRampart(gateway.unleashUrl(dated as typeof FLAGS), consent('acme'));
  try {
    app = await gateway({ rampart: other, listen: true });
    await test();
  } finally {
    await app.close();
    await other.close();
  }
}

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
