import { EMPTY_TENANT, type LogPosition, type TenantSnapshot } from '@rampart/core';
import { type RedisServer, startCluster, startRedis, startSentinels, startTcpProxy } from '@rampart/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnection } from './connection.js';
import { openRedisCache, type RedisCache } from './redis-cache.js';

const secret = 'a secret that has thirty-two characters';
const environment = 'production';
const eventually = { timeout: 60_000, interval: 20 };
vi.setConfig({ testTimeout: 120_000 });
const values = (position: number): TenantSnapshot => ({ epoch: 'e1', position, tenant: EMPTY_TENANT });

const closing: (() => Promise<unknown>)[] = [];
const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function open(redis: RedisConnection, timeout = 1_000): RedisCache & { readonly heard: LogPosition[] } {
  const level = openRedisCache({
    redis,
    secret,
    environment,
    timeout,
    logger: { warn: (text) => warnings.push(text) },
  });
  const heard: LogPosition[] = [];
  level.subscribe((position) => heard.push(position));
  closing.unshift(() => level.close());
  return Object.assign(level, { heard });
}

const connected = (level: RedisCache) => vi.waitFor(() => expect(level.push().connected).toBe(true), eventually);

/** Until a value that is put comes back. */
const works = (level: RedisCache, tenant: string, position: number) =>
  vi.waitFor(async () => {
    level.putTenant(tenant, values(position));
    expect(await level.getTenant(tenant)).toEqual(values(position));
  }, eventually);

/** Until a hint from the one reaches the other. */
const hints = (from: RedisCache, to: RedisCache & { readonly heard: LogPosition[] }, position: number) =>
  vi.waitFor(() => {
    from.announce({ epoch: 'e1', position });
    expect(to.heard).toContainEqual({ epoch: 'e1', position });
  }, eventually);

/** Whether each node has a subscriber. */
function heardBy(nodes: readonly RedisServer[]): Promise<boolean[]> {
  return Promise.all(
    nodes.map(async (node) => ((await node.command('PUBSUB', 'SHARDCHANNELS')) as unknown[]).length > 0),
  );
}

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  closing.push(() => redis.stop());
  return redis;
}

describe('a frozen Redis', () => {
  it('costs one timeout in all, and is used again once it answers', async () => {
    const redis = await server();
    const level = open(redis.url, 700);
    await connected(level);
    await works(level, 'acme', 1);
    const { failures } = level.counts();
    await redis.freeze();
    expect(await level.getTenant('acme')).toBeUndefined();
    const spy = vi.spyOn(globalThis, 'setTimeout');
    for (let question = 0; question < 1_000; question++) expect(await level.getTenant('acme')).toBeUndefined();
    // None of them waited.
    expect(spy).not.toHaveBeenCalledWith(expect.anything(), 700);
    spy.mockRestore();
    expect(level.counts().failures).toBe(failures + 1_001);
    await vi.waitFor(() => expect(level.push().connected).toBe(false), eventually);
    expect(level.push().lostAt).toBeLessThan(performance.now());
    await redis.thaw();
    await works(level, 'acme', 2);
    await connected(level);
    expect(warnings.slice(0, 2)).toEqual([expect.stringContaining("Redis can't be used"), 'Redis can be used again']);
  });
});

describe('an unplugged cable', () => {
  it('is detected, and connections are replaced', async () => {
    const redis = await server();
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: redis.port } });
    closing.push(() => proxy.close());
    const level = open(`redis://127.0.0.1:${proxy.port}`);
    const other = open(redis.url);
    await connected(level);
    await works(level, 'acme', 1);
    proxy.halfOpen();
    await vi.waitFor(() => expect(level.push().connected).toBe(false), eventually);
    expect(await level.getTenant('acme')).toBeUndefined();
    // What was sent into the old connections never arrives: new ones are needed.
    await vi.waitFor(() => expect(proxy.connections).toBeGreaterThan(2), eventually);
    await proxy.heal();
    await works(level, 'acme', 2);
    await connected(level);
    await hints(other, level, 3);
  });
});

describe('an unreachable Redis', () => {
  it('is reconnected to, costs no waiting, and is logged once', async () => {
    const redis = await server();
    await redis.kill();
    const level = open(redis.url);
    expect(await level.getTenant('acme')).toBeUndefined();
    await vi.waitFor(() => expect(warnings).toHaveLength(1), eventually);
    expect(warnings[0]).toContain('ECONNREFUSED');
    await redis.start();
    await works(level, 'acme', 1);
    await connected(level);
    await redis.kill();
    await vi.waitFor(() => expect(level.push().connected).toBe(false), eventually);
    await redis.start({ empty: true });
    await works(level, 'acme', 2);
    await connected(level);
  });
});

describe('Sentinels', () => {
  it('lead to the new primary after a failover', async () => {
    const { sentinels, name, password, killPrimary, stop } = await startSentinels();
    closing.push(stop);
    const redis = { sentinels, name, options: { password } };
    const [one, other] = [open(redis), open(redis)];
    await Promise.all([connected(one), connected(other)]);
    await works(one, 'acme', 1);
    await killPrimary();
    await works(one, 'acme', 2);
    await Promise.all([connected(one), connected(other)]);
    await hints(one, other, 7);
  });
});

describe('a cluster', () => {
  it('spreads tenants over its shards, and notifies on one shard', async () => {
    const cluster = await startCluster();
    closing.push(cluster.stop);
    const redis = { cluster: cluster.nodes.map(({ url }) => url) };
    const [one, other] = [open(redis), open(redis)];
    await Promise.all([connected(one), connected(other)]);
    for (const tenant of ['a', 'b', 'c', 'd', 'e', 'f{a}', 'g{a}', 'h{a}', 'i{a}']) await works(one, tenant, 1);
    const sizes = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')));
    expect(sizes.filter((size) => Number(size) > 0)).toHaveLength(3);
    await hints(one, other, 5);
    expect((await heardBy(cluster.nodes)).filter(Boolean)).toHaveLength(1);
  });

  it('recovers from the loss of the primary that carries notifications', async () => {
    const cluster = await startCluster({ replicas: 1 });
    closing.push(cluster.stop);
    const redis = { cluster: cluster.nodes.map(({ url }) => url) };
    const [one, other] = [open(redis), open(redis)];
    await Promise.all([connected(one), connected(other)]);
    await cluster.killPrimary((await heardBy(cluster.nodes)).indexOf(true));
    for (const tenant of ['a', 'b', 'c', 'd', 'e', 'f']) await works(one, tenant, 2);
    await Promise.all([connected(one), connected(other)]);
    await hints(one, other, 7);
  });
});
