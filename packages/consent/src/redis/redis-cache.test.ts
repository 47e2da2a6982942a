import { EMPTY_TENANT, type TenantSnapshot } from '@rampart/core';
import { type RedisServer, startRedis } from '@rampart/services';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { tenantKey } from './names.js';
import { openRedisCache, type RedisCache, type RedisCacheOptions } from './redis-cache.js';

const secret = 'a secret that has thirty-two characters';
const environment = 'production';
const key = (tenant: string) => tenantKey(environment, tenant);
const eventually = { timeout: 10_000, interval: 10 };

function snapshot(position: number, epoch = 'e1'): TenantSnapshot {
  const consents = new Map([['support', { state: 'opt_in' as const, version: position }]]);
  return { epoch, position, tenant: { ...EMPTY_TENANT, consents } };
}

let redis: RedisServer;
const opened: RedisCache[] = [];
const warnings: string[] = [];

async function open(options: Partial<RedisCacheOptions> = {}): Promise<RedisCache> {
  const logger = { warn: (message: string) => warnings.push(message) };
  const level = openRedisCache({ redis: redis.url, secret, environment, logger, timeout: 5_000, ...options });
  opened.push(level);
  await vi.waitFor(async () => {
    const before = level.counts().failures;
    await level.getTenant('unknown');
    expect(level.counts().failures).toBe(before);
  }, eventually);
  return level;
}

async function stored(level: RedisCache, tenant: string, wanted: TenantSnapshot): Promise<void> {
  await vi.waitFor(async () => expect(await level.getTenant(tenant)).toEqual(wanted), eventually);
}

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  warnings.length = 0;
  await redis.command('FLUSHALL');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((level) => level.close()));
});
afterAll(() => redis.stop());

describe('values', () => {
  it('are read as they were stored, in one round trip', async () => {
    const level = await open();
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
    await redis.command('CONFIG', 'RESETSTAT');
    await level.getTenant('acme');
    const calls = String(await redis.command('INFO', 'commandstats'));
    expect(calls).toContain('cmdstat_hmget:calls=1,');
    expect(calls.match(/cmdstat_(?!config|info|hello|client|ping|publish|subscribe)/g)).toHaveLength(1);
  });

  it('are deleted by forget', async () => {
    const level = await open();
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
    await level.forget('acme');
    expect(await level.getTenant('acme')).toBeUndefined();
  });

  it('are never replaced by older ones of the same epoch', async () => {
    const level = await open();
    level.putTenant('acme', snapshot(7));
    level.putTenant('acme', snapshot(6));
    level.putTenant('last', snapshot(1));
    await stored(level, 'last', snapshot(1));
    expect(await level.getTenant('acme')).toEqual(snapshot(7));
    level.putTenant('acme', snapshot(8));
    await stored(level, 'acme', snapshot(8));
    level.putTenant('acme', snapshot(2, 'e2'));
    await stored(level, 'acme', snapshot(2, 'e2'));
  });

  it('expire', async () => {
    const level = await open({ ttl: 60_000 });
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
    const left = Number(await redis.command('PTTL', key('acme')));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('are invalid in another environment and with another secret', async () => {
    const level = await open();
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
    const [staging, other] = await Promise.all([open({ environment: 'staging' }), open({ secret: `${secret}!` })]);
    expect(await staging.getTenant('acme')).toBeUndefined();
    expect(staging.counts().misses).toBe(2);
    expect(await other.getTenant('acme')).toBeUndefined();
    expect(other.counts().forged).toBe(1);
  });
});

describe('two processes that have the secrets of a rotation in either order', () => {
  it("read each other's values and hints", async () => {
    const [own, next] = [secret, `${secret}!`];
    const older = await open({ secret: own, acceptedSecrets: [next] });
    const newer = await open({ secret: next, acceptedSecrets: [own] });
    const heard: unknown[] = [];
    for (const level of [older, newer]) level.subscribe((position) => heard.push(position));
    await vi.waitFor(() => expect([older, newer].every((level) => level.push().connected)).toBe(true), eventually);
    for (const [position, writer] of [older, newer].entries()) {
      writer.putTenant('acme', snapshot(position + 1));
      for (const reader of [older, newer]) await stored(reader, 'acme', snapshot(position + 1));
      writer.announce({ epoch: 'e1', position });
      await vi.waitFor(() => expect(heard).toHaveLength(2 * (position + 1)), eventually);
    }
    expect([older.counts().forged, newer.counts().forged]).toEqual([0, 0]);
  });
});

describe('what an attacker writes', () => {
  const fields = ['epoch', 'position', 'value', 'mac'] as const;
  const read = async (tenant: string): Promise<string[]> =>
    (await redis.command('HMGET', key(tenant), ...fields)) as string[];
  const write = (tenant: string, values: readonly (string | undefined)[]) =>
    redis.command(
      'HSET',
      key(tenant),
      ...fields.flatMap((field, index) => (values[index] === undefined ? [] : [field, values[index]])),
    );

  type Copy = (values: string[]) => (string | undefined)[];
  it.each<[string, Copy]>([
    ['of another tenant', (values) => values],
    ['with a higher position', ([epoch, , value, mac]) => [epoch, '9007199254740991', value, mac]],
    ['of another epoch', ([, position, value, mac]) => ['e2', position, value, mac]],
    [
      'with a changed value',
      ([epoch, position, value, mac]) => [epoch, position, value?.replace('opt_in', 'unset'), mac],
    ],
    ['cut off', ([epoch, position, value, mac]) => [epoch, position, value?.slice(0, -1), mac]],
    ['without a mac', ([epoch, position, value]) => [epoch, position, value, undefined]],
    ['without a position', ([epoch, , value, mac]) => [epoch, undefined, value, mac]],
  ])('is unknown, and counted: a value %s', async (what, forge) => {
    const level = await open();
    const victim = what === 'of another tenant' ? 'globex' : 'acme';
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
    const values = await read('acme');
    await redis.command('DEL', key(victim));
    await write(victim, forge(values));
    expect(await level.getTenant(victim)).toBeUndefined();
    expect(level.counts().forged).toBe(1);
    // It doesn't keep others from writing.
    await vi.waitFor(async () => expect(await redis.command('EXISTS', key(victim))).toBe(0), eventually);
    level.putTenant(victim, snapshot(8));
    await stored(level, victim, snapshot(8));
  });

  it('of another type are unknown, logged once, and replaced', async () => {
    const level = await open();
    await redis.command('SET', key('acme'), 'opt_in');
    expect(await level.getTenant('acme')).toBeUndefined();
    expect(await level.getTenant('acme')).toBeUndefined();
    expect(warnings.filter((warning) => warning.includes('WRONGTYPE'))).toHaveLength(1);
    level.putTenant('acme', snapshot(7));
    await stored(level, 'acme', snapshot(7));
  });
});

describe('notifications', () => {
  it('reach every listener, and forged ones none', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const heard: unknown[] = [];
    const stop = other.subscribe((position) => heard.push(position));
    await vi.waitFor(() => expect(other.push().connected).toBe(true), eventually);
    const channel = `rampart:{${environment}}:log`;
    for (const forged of ['', 'null', '[]', '["e1",9,"AAAA"]', '{"epoch":"e1"}']) {
      await redis.command('PUBLISH', channel, forged);
    }
    one.announce({ epoch: 'e1', position: 5 });
    one.announce({ epoch: 'e1', position: 5 });
    one.announce({ epoch: 'e1', position: 4 });
    await vi.waitFor(() => expect(heard).toHaveLength(3), eventually);
    expect(heard).toEqual([5, 5, 4].map((position) => ({ epoch: 'e1', position })));
    expect(other.counts().forged).toBe(5);
    stop();
    one.announce({ epoch: 'e1', position: 6 });
    await vi.waitFor(
      async () => expect(await redis.command('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 0]),
      eventually,
    );
    expect(heard).toHaveLength(3);
  });

  it('count as lost without a subscriber, with the time since', async () => {
    const level = await open();
    const { connected, lostAt } = level.push();
    expect(connected).toBe(false);
    expect(lostAt).toBeLessThanOrEqual(performance.now());
  });
});

describe('access rights', () => {
  it('of a user with only the documented rights suffice', async () => {
    const server = await startRedis({
      acl: {
        username: 'rampart',
        password: 'p@ss:word/1',
        rules:
          '~rampart:* &rampart:* +hello +ping +info +hmget +evalsha +eval +type +del +hget +hset +pexpire +publish +subscribe +unsubscribe',
      },
    });
    try {
      const level = await open({ redis: server.url });
      const heard = vi.fn();
      level.subscribe(heard);
      await vi.waitFor(() => expect(level.push().connected).toBe(true), eventually);
      level.putTenant('acme', snapshot(7));
      await stored(level, 'acme', snapshot(7));
      level.announce({ epoch: 'e1', position: 7 });
      await vi.waitFor(() => expect(heard).toHaveBeenCalledWith({ epoch: 'e1', position: 7 }), eventually);
      expect(warnings.filter((warning) => warning.includes('refuses'))).toEqual([]);
    } finally {
      await Promise.all(opened.splice(0).map((level) => level.close()));
      await server.stop();
    }
  });

  it('that are missing are logged once, without the password', async () => {
    const server = await startRedis({ password: 'right' });
    try {
      const url = server.url.replace('right', 'hunter2');
      const level = openRedisCache({
        redis: url,
        secret,
        environment,
        logger: { warn: (text) => warnings.push(text) },
      });
      opened.push(level);
      await vi.waitFor(() => expect(warnings).toHaveLength(1), eventually);
      expect(warnings[0]).toContain('WRONGPASS');
      expect(warnings.join()).not.toContain('hunter2');
      expect(await level.getTenant('acme')).toBeUndefined();
      expect(level.counts()).toEqual({ hits: 0, misses: 0, forged: 0, failures: 1 });
      await level.close();
    } finally {
      await server.stop();
    }
  });
});

describe('options', () => {
  it.each<[Partial<RedisCacheOptions>, string]>([
    [{ secret: 'short' }, 'secret: use at least 32 characters'],
    [{ environment: '' }, 'environment: name it'],
    [{ ttl: 0 }, 'ttl = 0: use whole milliseconds above 0'],
    [{ timeout: Number.NaN }, 'timeout = NaN: use milliseconds above 0'],
    [{ redis: 'redis//h' }, 'redis: use redis://'],
  ])('%j are refused', (options, message) => {
    expect(() => openRedisCache({ redis: 'redis://h', secret, environment, ...options })).toThrow(message);
  });
});
