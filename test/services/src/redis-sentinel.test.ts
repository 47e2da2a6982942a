import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { type RedisSentinels, startSentinels } from './index.js';

let redis: RedisSentinels;
let client: Redis | undefined;
afterEach(async () => {
  client?.disconnect();
  await redis.stop();
});

test('when the primary is killed a replica takes over, clients follow, and the old one comes back as a replica', async () => {
  redis = await startSentinels({ replicas: 1 });
  const [first, second] = redis.servers;
  expect(redis.sentinels).toHaveLength(3);
  expect(await redis.primary()).toBe(first);
  const { name, password } = redis;
  const connected = new Redis({ sentinels: [...redis.sentinels], name, password, commandTimeout: 1_000 });
  client = connected.on('error', () => {});
  await client.set('key', 'kept');
  await expect.poll(() => second?.command('GET', 'key')).toBe('kept');
  await expect(second?.command('SET', 'key', 'x')).rejects.toThrow(/READONLY/);

  expect(await redis.killPrimary()).toBe(first);
  await expect.poll(() => redis.primary(), { timeout: 20_000 }).toBe(second);
  await expect.poll(() => connected.get('key').catch(String), { timeout: 20_000 }).toBe('kept');
  expect(await client.set('key', 'new')).toBe('OK');

  await first?.start();
  await expect.poll(() => first?.command('GET', 'key'), { timeout: 20_000 }).toBe('new');
  await expect.poll(() => first?.command('ROLE').then(String), { timeout: 20_000 }).toMatch(/^slave/);
});
