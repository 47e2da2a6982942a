import { Cluster } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { type RedisCluster, type RedisClusterOptions, startCluster } from './index.js';

let cluster: RedisCluster | undefined;
let client: Cluster | undefined;
afterEach(async () => {
  client?.disconnect();
  await cluster?.stop();
});

/** Slots 5061, 866 and 12182 of 16384: of the first, second and third primary, in another order. */
const keys = { first: 'bar', second: 'user:2', third: 'foo' } as const;

test('with full coverage a lost primary silences all keys; started again, all answer', async () => {
  const connected = await start({ nodeTimeout: 1_000 });
  expect(await setAll(connected)).toEqual(['OK', 'OK', 'OK']);
  const owners = await Promise.all((cluster?.nodes ?? []).map((node) => node.command('DBSIZE')));
  expect(owners).toEqual([1, 1, 1]);

  const lost = await cluster?.killPrimary(2);
  await expect
    .poll(() => cluster?.nodes[0]?.command('GET', keys.first).catch(String), { timeout: 10_000 })
    .toMatch(/CLUSTERDOWN/);
  await lost?.start();
  await expect.poll(() => setAll(connected), { timeout: 20_000 }).toEqual(['OK', 'OK', 'OK']);
});

test('without full coverage only the keys of the lost primary are gone', async () => {
  await start({ requireFullCoverage: false, nodeTimeout: 1_000 });
  await cluster?.killPrimary(2);
  const node = cluster?.nodes[0];
  await expect
    .poll(() => node?.command('CLUSTER', 'INFO').then(String), { timeout: 10_000 })
    .toContain('cluster_slots_fail:5461');
  expect(await node?.command('SET', keys.first, 1)).toBe('OK');
  await expect(cluster?.killPrimary(3)).rejects.toThrow('0 to 2, not 3');
});

test('with replicas one takes over', async () => {
  const connected = await start({ replicas: 1, nodeTimeout: 1_000 });
  expect(cluster?.nodes).toHaveLength(6);
  expect(await setAll(connected)).toEqual(['OK', 'OK', 'OK']);
  await cluster?.killPrimary(2);
  await expect.poll(() => cluster?.nodes[5]?.command('ROLE').then(String), { timeout: 20_000 }).toMatch(/^master/);
  await expect.poll(() => setAll(connected), { timeout: 20_000 }).toEqual(['OK', 'OK', 'OK']);
});

async function start(options: RedisClusterOptions): Promise<Cluster> {
  cluster = await startCluster(options);
  const connected = new Cluster(
    cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: { commandTimeout: 1_000 } },
  );
  client = connected.on('error', () => {});
  return connected;
}

function setAll(connected: Cluster): Promise<unknown[]> {
  return Promise.all(Object.values(keys).map((key) => connected.set(key, 1).catch(String)));
}
