import { type ControlChange, readId } from '@rampart/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemorySharedCache } from '../test/in-memory-shared-cache.js';
import { consent, MemoryLog } from '../test/memory-log.js';
import { ControlCache, type ControlCacheOptions } from './control-cache.js';

let log: MemoryLog;
let sharedCache: InMemorySharedCache;
let time: { monotonic: number; wall: number };
let caches: ControlCache[];
const logger = { warn: vi.fn() };

function make(options: Partial<ControlCacheOptions> = {}): ControlCache {
  const clocks = { monotonic: () => time.monotonic, wall: () => time.wall };
  const cache = new ControlCache({ log, clocks, logger, patience: 200, ...options });
  caches.push(cache);
  return cache;
}

function pass(milliseconds: number): void {
  time = { monotonic: time.monotonic + milliseconds, wall: time.wall + milliseconds };
}

const stateOf = (cache: ControlCache, tenant: string, atLeast?: string) => {
  const view = cache.read(tenant, atLeast);
  return view === undefined ? 'unknown' : (view.tenant.consents.get('copilot')?.state ?? 'unset');
};

async function ask(cache: ControlCache, tenant: string, atLeast?: string) {
  if (cache.read(tenant, atLeast) === undefined) await cache.load(tenant, atLeast);
  return stateOf(cache, tenant, atLeast);
}

beforeEach(() => {
  log = new MemoryLog();
  sharedCache = new InMemorySharedCache();
  time = { monotonic: 5_000, wall: 1_700_000_000_000 };
  caches = [];
  vi.clearAllMocks();
});

afterEach(async () => {
  for (const cache of caches) await cache.close();
});

describe('the state', () => {
  it('is unknown before the first reading, then the result of the log', async () => {
    log.append(consent('acme', 'opt_in'), { kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
    const cache = make();
    expect(cache.read('acme')).toBeUndefined();
    expect(await ask(cache, 'acme')).toBe('opt_in');
    expect(cache.read('acme')).toMatchObject({ revision: log.revision(2), kills: [{ id: 'k' }] });
    expect(await ask(cache, 'globex')).toBe('unset');
    expect(cache.read(undefined)?.tenant.consents.size).toBe(0);
  });

  it('follows the log: a change of a cached tenant needs no other read', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    log.append(consent('acme', 'opt_out'), consent('globex', 'opt_in'));
    await cache.announce({ epoch: log.epoch, position: 3 });
    expect(stateOf(cache, 'acme')).toBe('opt_out');
    expect(cache.read('acme')?.revision).toBe(log.revision(3));
    expect(log.asked.tenant).toBe(1);
  });

  it('reads a long log in batches', async () => {
    const cache = make();
    await cache.start();
    for (let tenant = 0; tenant < 2_500; tenant += 1) log.append(consent(`t${tenant}`, 'opt_in'));
    expect(await ask(cache, 't2499', log.revision())).toBe('opt_in');
    expect(cache.read('t2499')?.revision).toBe(log.revision(2_500));
  });

  it('evicts tenants beyond its size, and reads them again', async () => {
    for (let tenant = 0; tenant < 50; tenant += 1) log.append(consent(`t${tenant}`, 'opt_in'));
    const cache = make({ mostEntries: 10 });
    for (let tenant = 0; tenant < 50; tenant += 1) expect(await ask(cache, `t${tenant}`)).toBe('opt_in');
    expect(cache.status().tenants).toBe(10);
    expect(stateOf(cache, 't0')).toBe('unknown');
    expect(await ask(cache, 't0')).toBe('opt_in');
  });

  it('caches a tenant larger than the cache, and others beside it', async () => {
    const choose = (user: string): ControlChange => ({
      kind: 'choice',
      tenant: 'large',
      user,
      featureClass: 'copilot',
      choice: 'opt_out',
    });
    log.append(consent('large', 'opt_in'), consent('acme', 'opt_in'));
    log.append(...Array.from({ length: 200 }, (_, index) => choose(`u${index}`)));
    const cache = make({ mostEntries: 100 });
    for (let question = 0; question < 20; question += 1)
      expect([await ask(cache, 'large'), await ask(cache, 'acme')]).toEqual(['opt_in', 'opt_in']);
    log.append(choose('late'));
    await cache.announce({ epoch: log.epoch, position: log.head });
    expect(cache.read('large')?.tenant.users.size).toBe(201);
    expect(log.asked.tenant).toBe(2);
  });

  it('reads a tenant once for ten thousand simultaneous reads', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ sharedCache });
    await cache.start();
    const answers = await Promise.all(Array.from({ length: 10_000 }, () => ask(cache, 'acme')));
    expect(new Set(answers)).toEqual(new Set(['opt_in']));
    expect([sharedCache.asked, log.asked.tenant]).toEqual([1, 1]);
  });

  it('reads erased tenants again', async () => {
    log.append(consent('acme', 'opt_in'), consent('globex', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    await ask(cache, 'globex');
    log.appendEffect({ kind: 'forget' });
    await cache.announce({ epoch: log.epoch, position: 3 });
    expect([stateOf(cache, 'acme'), stateOf(cache, 'globex')]).toEqual(['unknown', 'unknown']);
    expect(await ask(cache, 'globex')).toBe('opt_in');
  });
});

describe('a log that does not answer', () => {
  it('is read again after its timeout, without a restart', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ readTimeout: 20 });
    const never = new Promise<never>(() => {});
    const readings = [vi.spyOn(log, 'readShared'), vi.spyOn(log, 'readLog'), vi.spyOn(log, 'readTenant')];
    for (const reading of readings) reading.mockReturnValueOnce(never as never);
    await cache.start();
    expect(cache.read('acme')).toBeUndefined();
    const waited = async () => {
      pass(250);
      return ask(cache, 'acme');
    };
    await expect.poll(waited).toBe('opt_in');
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('no answer in 20 ms'));
  });
});

describe('freshness', () => {
  it.each<[string, () => void, string]>([
    ['up to the limit', () => pass(5_000), 'opt_in'],
    ['beyond the limit', () => pass(5_001), 'unknown'],
    ['when the process was stopped', () => pass(60_000), 'unknown'],
    ['when the wall clock was set forward', () => (time = { ...time, wall: time.wall + 3_600_000 }), 'unknown'],
    ['when the wall clock was set back', () => (time = { ...time, wall: time.wall - 3_600_000 }), 'unknown'],
    ['when the monotonic clock stood still', () => (time = { ...time, wall: time.wall + 5_001 }), 'unknown'],
    ['when the wall clock stood still', () => (time = { ...time, monotonic: time.monotonic + 5_001 }), 'unknown'],
    ['when the monotonic clock went back', () => (time = { ...time, monotonic: time.monotonic - 1 }), 'unknown'],
  ])('%s', async (_when, happens, expected) => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    happens();
    expect(stateOf(cache, 'acme')).toBe(expected);
    expect(cache.status().provable).toBe(expected !== 'unknown');
  });

  it('is measured from the request to the database, not from its response', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    pass(5_001);
    const { promise, resolve } = withResolvers();
    log.hold = promise;
    const loading = cache.load('acme');
    // The database answered; then the process was stopped, or the answer was long under way.
    pass(5_001);
    log.append(consent('acme', 'opt_out'));
    resolve();
    log.hold = undefined;
    await loading;
    expect(stateOf(cache, 'acme')).toBe('unknown');
    expect(await ask(cache, 'acme')).toBe('opt_out');
  });

  it('is lost while the database can not be read, and returns with it', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    log.failure = new Error('down');
    pass(4_000);
    expect(await ask(cache, 'acme')).toBe('opt_in');
    pass(2_000);
    expect(await ask(cache, 'acme')).toBe('unknown');
    log.failure = undefined;
    log.append(consent('acme', 'opt_out'));
    pass(1_000);
    expect(await ask(cache, 'acme')).toBe('opt_out');
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('down'));
  });

  it('causes few attempts for many reads while the database fails', async () => {
    const cache = make();
    log.failure = new Error('down');
    for (let question = 0; question < 100; question += 1) await ask(cache, 'acme');
    expect(log.asked.shared).toBe(1);
  });

  it('returns also if the monotonic clock was set back after a failure', async () => {
    const cache = make();
    log.failure = new Error('down');
    await ask(cache, 'acme');
    log.failure = undefined;
    time = { ...time, monotonic: time.monotonic - 4_000 };
    expect(await ask(cache, 'acme')).toBe('unset');
  });

  it('logs the problem of an invalid id once, without the id', async () => {
    const readTenant = log.readTenant.bind(log);
    vi.spyOn(log, 'readTenant').mockImplementation(async (tenant) => readTenant(readId('tenantId', tenant)));
    const cache = make();
    for (const tenant of ['jane@acme.com ', 'joe@acme.com ', 'jane@acme.com ', 'jane@acme.com\n'])
      expect(await ask(cache, tenant)).toBe('unknown');
    expect(logger.warn.mock.calls).toEqual([
      ["rampart: the control state of a tenant can't be read: tenantId: take away the space at its start or end"],
    ]);
    expect(await ask(cache, 'acme')).toBe('unset');
  });

  it('is waited for no longer than the request timeout', async () => {
    const cache = make({ patience: 20 });
    log.hold = new Promise(() => {});
    expect(await ask(cache, 'acme')).toBe('unknown');
  });
});

describe('a revision that a write returned', () => {
  it('is answered by a state at least that new', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    const revision = log.append(consent('acme', 'opt_out'));
    expect(stateOf(cache, 'acme')).toBe('opt_in');
    expect(stateOf(cache, 'acme', revision)).toBe('unknown');
    expect(await ask(cache, 'acme', revision)).toBe('opt_out');
  });

  it('causes a second reading if one in progress may have started before it', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    const { promise, resolve } = withResolvers();
    log.hold = promise;
    pass(6_000);
    const early = cache.load('acme');
    const revision = log.append(consent('acme', 'opt_out'));
    const late = ask(cache, 'acme', revision);
    log.hold = undefined;
    resolve();
    await early;
    expect(await late).toBe('opt_out');
  });

  it.each(['00000000000000aa.99', '00000000000000bb.1', '1', '', 'latest', '00000000000000aa.-1'])(
    'closes when it is %j, which the log has not',
    async (revision) => {
      log.append(consent('acme', 'opt_in'));
      expect(await ask(make(), 'acme', revision)).toBe('unknown');
    },
  );
});

describe('a log that does not continue', () => {
  it.each<[string, () => void]>([
    ['another epoch', () => log.replace('00000000000000bb', consent('acme', 'opt_out'), consent('b', 'opt_in'))],
    ['a head that went back', () => log.replace(log.epoch, consent('acme', 'opt_out'))],
  ])('%s: everything is dropped and read again', async (_what, happens) => {
    log.append(consent('acme', 'opt_in'), consent('globex', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    happens();
    pass(5_001);
    expect(await ask(cache, 'acme')).toBe('opt_out');
    expect(await ask(cache, 'globex')).toBe('unset');
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('does not continue after'));
  });

  it('an erased entry of a kill: the state is read again', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    log.append({ kind: 'kill', kill: { id: 'k', scope: { tenant: 'acme' }, reason: 'x' } }, consent('b', 'opt_in'));
    log.eraseEntry(2);
    pass(5_001);
    expect(await ask(cache, 'acme')).toBe('opt_in');
    expect(cache.read('acme')).toMatchObject({ revision: log.revision(3), kills: [{ id: 'k' }] });
  });

  it('a gap: no entry after it is applied', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await ask(cache, 'acme');
    log.append(consent('acme', 'opt_out'), consent('globex', 'opt_in'));
    log.lose(2);
    pass(5_001);
    // The state itself was not lost: it is read again, including the opt-out.
    expect(await ask(cache, 'acme')).toBe('opt_out');
  });
});

describe('values of the shared cache', () => {
  const left = (position: number, state: 'opt_in' | 'opt_out') => ({
    epoch: log.epoch,
    position,
    tenant: { consents: new Map([['copilot', { state }]]), users: new Map() },
  });

  it('are used while the tenant has no later change', async () => {
    log.append(consent('acme', 'opt_in'), consent('globex', 'opt_in'), consent('globex', 'opt_out'));
    sharedCache.tenants.set('acme', left(1, 'opt_in'));
    const cache = make({ sharedCache });
    expect(await ask(cache, 'acme')).toBe('opt_in');
    expect(log.asked.tenant).toBe(0);
  });

  it.each([
    ['something of the tenant is recorded since', 1],
    ['it is older than what was looked at of the log', -1],
  ])('do not count when %s', async (_when, position) => {
    log.append(consent('acme', 'opt_in'), consent('acme', 'opt_out'));
    sharedCache.tenants.set('acme', left(position, 'opt_in'));
    const cache = make({ sharedCache });
    expect(await ask(cache, 'acme')).toBe('opt_out');
    expect(sharedCache.tenants.get('acme')).toMatchObject({ position: 2 });
  });

  it.each([0, 1_000, 2_000])(
    'is not believed from before a change that could not be read at first: after %i',
    async (at) => {
      log.append(consent('acme', 'opt_in'));
      sharedCache.tenants.set('acme', left(1, 'opt_in'));
      log.append(consent('acme', 'opt_out'));
      for (let other = 0; other < 2_500; other += 1) log.append(consent(`t${other}`, 'opt_in'));
      const cache = make({ sharedCache });
      log.failAt = at;
      await cache.start();
      expect(log.failAt).toBeUndefined();
      pass(1_000);
      expect(await ask(cache, 'acme')).toBe('opt_out');
    },
  );

  it('are rejected from another epoch', async () => {
    log.append(consent('acme', 'opt_out'));
    sharedCache.tenants.set('acme', { ...left(1, 'opt_in'), epoch: '00000000000000bb' });
    expect(await ask(make({ sharedCache }), 'acme')).toBe('opt_out');
  });

  it('newer than this process are used once the log is read that far', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ sharedCache });
    await cache.start();
    log.append(consent('acme', 'opt_out'));
    sharedCache.tenants.set('acme', left(2, 'opt_out'));
    expect(await ask(cache, 'acme')).toBe('opt_out');
    expect(cache.read('acme')?.revision).toBe(log.revision(2));
    expect(log.asked.tenant).toBe(0);
  });

  it('a slow read never replaces a newer state', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make();
    await cache.start();
    const { promise, resolve } = withResolvers();
    log.hold = promise;
    const slow = cache.load('acme');
    await vi.waitFor(() => expect(log.asked.tenant).toBe(1));
    log.hold = undefined;
    log.append(consent('acme', 'opt_out'));
    await cache.announce({ epoch: log.epoch, position: 2 });
    resolve();
    await slow;
    expect(stateOf(cache, 'acme')).toBe('opt_out');
  });
});

describe('notifications', () => {
  it('cause a reading at once, unless they are old or of another log', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ sharedCache });
    await ask(cache, 'acme');
    const { log: before } = log.asked;
    sharedCache.notify({ epoch: log.epoch, position: 1 });
    sharedCache.notify({ epoch: '00000000000000bb', position: 9 });
    expect(log.asked.log).toBe(before);
    log.append(consent('acme', 'opt_out'));
    sharedCache.notify({ epoch: log.epoch, position: 2 });
    await vi.waitFor(() => expect(stateOf(cache, 'acme')).toBe('opt_out'));
  });

  it('in a continuous stream delay no caller', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ sharedCache });
    await ask(cache, 'acme');
    const readLog = log.readLog.bind(log);
    let changes = 0;
    vi.spyOn(log, 'readLog').mockImplementation(async (after, limit) => {
      const batch = await readLog(after, limit);
      if ((changes += 1) < 500) log.append(consent('globex', 'opt_in'));
      await new Promise((resolve) => setImmediate(resolve));
      sharedCache.notify({ epoch: log.epoch, position: log.head });
      return batch;
    });
    log.append(consent('acme', 'opt_out'));
    expect(await ask(cache, 'acme', log.revision())).toBe('opt_out');
    expect(changes).toBeLessThan(10);
    await vi.waitFor(() => expect(cache.status().lag).toBe(0));
  });

  it('of a position that the log lacks cost one reading, and change nothing', async () => {
    log.append(consent('acme', 'opt_in'));
    const cache = make({ sharedCache });
    await ask(cache, 'acme');
    const { log: before } = log.asked;
    sharedCache.notify({ epoch: log.epoch, position: 1_000 });
    await vi.waitFor(() => expect(log.asked.log).toBe(before + 1));
    expect(stateOf(cache, 'acme')).toBe('opt_in');
  });
});

describe('overrides', () => {
  it("end by the database's clock, whatever the local wall clock shows", async () => {
    const override = { id: 'o', flag: 'ai.copilot', force: 'on', reason: 'pilot', until: log.now + 1_000 } as const;
    log.append({ kind: 'override', tenant: 'acme', override });
    const cache = make();
    await ask(cache, 'acme');
    expect(cache.read('acme')?.tenant.overrides).toEqual([override]);
    pass(999);
    expect(cache.read('acme')?.tenant.overrides).toEqual([override]);
    pass(1);
    expect(cache.read('acme')?.tenant.overrides).toEqual([]);
  });
});

it('lets no force-off end early and no force-on late, whatever the clocks of this machine do', async () => {
  const step = fc.record({
    passed: fc.nat(400),
    wall: fc.oneof(fc.constant(0), fc.integer({ min: -5_000, max: 5_000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(600), fc.nat(600), fc.array(step, { maxLength: 8 }), async (before, after, steps) => {
      log = new MemoryLog();
      time = { monotonic: 10_000, wall: 1_000_000 };
      const start = { database: log.now, monotonic: time.monotonic };
      const until = log.now + 2_000;
      for (const force of ['on', 'off'] as const) {
        const override = { id: force, flag: 'ai.copilot', force, reason: 'x', until };
        log.append({ kind: 'override', tenant: 'acme', override });
      }
      // The question and its answer take time, and the database's clock is read somewhere between them.
      const readLog = log.readLog.bind(log);
      log.readLog = async (...query) => {
        pass(before);
        log.now = start.database + time.monotonic - start.monotonic;
        const batch = await readLog(...query);
        pass(after);
        return batch;
      };
      const cache = make();
      await ask(cache, 'acme');
      for (const { passed, wall } of steps) {
        pass(passed);
        time = { ...time, wall: time.wall + wall };
        const view = cache.read('acme');
        if (view === undefined) continue;
        const forces = view.tenant.overrides?.map(({ force }) => force) ?? [];
        const hasEnded = start.database + time.monotonic - start.monotonic >= until;
        if (hasEnded) expect(forces).not.toContain('on');
        else expect(forces).toContain('off');
      }
      await cache.close();
    }),
    { numRuns: 100 },
  );
});

it('exposes its metrics', async () => {
  log.append(consent('acme', 'opt_in'));
  const cache = make({ sharedCache });
  expect(cache.status()).toMatchObject({ provable: false, proofAge: undefined, revision: undefined });
  await ask(cache, 'acme');
  sharedCache.pushState = { connected: false, lostAt: time.monotonic };
  pass(300);
  expect(cache.status()).toEqual({
    provable: true,
    proofAge: 300,
    revision: log.revision(1),
    lag: 0,
    pushLostFor: 300,
    tenants: 1,
  });
  stateOf(cache, 'globex');
  stateOf(cache, 'acme', log.revision(9));
  cache.closedForUnknown();
  expect(cache.counts).toEqual({
    hits: 1,
    absent: 1,
    stale: 1,
    ahead: 1,
    fromSharedCache: 0,
    fromDatabase: 1,
    closedForUnknown: 1,
  });
});

function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('change notifications', () => {
  it('name the changed tenants once this process has applied the change; all tenants for a shared change', async () => {
    const cache = make();
    const changes: unknown[] = [];
    const stop = cache.subscribe((change) => changes.push(change));
    await cache.start();
    expect(changes).toEqual([{ tenants: 'all' }]);
    log.append(consent('acme', 'opt_in'), consent('globex', 'opt_in'), consent('acme', 'opt_out'));
    await cache.announce({ epoch: log.epoch, position: 3 });
    expect(changes.at(-1)).toEqual({ tenants: ['acme', 'globex'] });
    log.append(consent('acme', 'opt_in'), { kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
    await cache.announce({ epoch: log.epoch, position: 5 });
    expect(changes.at(-1)).toEqual({ tenants: 'all' });
    stop();
    log.append(consent('acme', 'opt_out'));
    await cache.announce({ epoch: log.epoch, position: 6 });
    expect(changes).toHaveLength(3);
  });

  it('continue after a listener throws', async () => {
    const cache = make();
    cache.subscribe(() => {
      throw new Error('a bug');
    });
    log.append(consent('acme', 'opt_in'));
    expect(await ask(cache, 'acme')).toBe('opt_in');
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('listener'));
  });
});
