import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.js';

type RedisClient = NonNullable<ConstructorParameters<typeof RateLimit>[0]['redis']>;

const RATE = { points: 100, seconds: 10 };

function limitWith(redis?: RedisClient) {
  const clock = { now: 1_000 };
  const limit = new RateLimit({ name: 'key', rate: RATE, environment: 'test', redis, now: () => clock.now });
  return { clock, limit };
}

/** Redis as its script counts, for all who share it. */
function redisThatCounts() {
  const counts = new Map<string, number>();
  const asked: unknown[][] = [];
  const send = async (...args: unknown[]) => {
    asked.push(args);
    const [, , , key, units] = args as [string, string, number, string, string];
    counts.set(key, (counts.get(key) ?? 0) + Number(units));
    return [counts.get(key), 4_000];
  };
  return { asked, link: { send } as unknown as RedisClient };
}

async function allowed(limit: RateLimit, requests: number): Promise<number> {
  let count = 0;
  for (let at = 0; at < requests; at += 1) if ((await limit.take('a')) === 0) count += 1;
  return count;
}

describe('in one process', () => {
  it('allows the rate at once, then says how long to wait, then allows again', () => {
    const { clock, limit } = limitWith();
    for (let at = 0; at < 100; at += 1) expect(limit.take('a')).toBe(0);
    clock.now += 2_500;
    expect([limit.take('a'), limit.peek('a')]).toEqual([8, 8]);
    expect([limit.take('b'), limit.peek('c')]).toEqual([0, 0]);
    clock.now += 7_500;
    expect([limit.peek('a'), limit.take('a')]).toEqual([0, 0]);
  });
});

describe('with Redis', () => {
  it('counts together with others, and asks twenty times a window', async () => {
    const { asked, link } = redisThatCounts();
    const [one, two] = [limitWith(link), limitWith(link)];
    expect((await allowed(one.limit, 60)) + (await allowed(two.limit, 60))).toBe(100);
    expect(await two.limit.take('a')).toBe(4);
    expect(asked.length).toBeLessThan(25);
    expect(asked[0]).toEqual(['eval', expect.any(String), 1, 'rampart:test:rate:key:a', '5', '10']);
  });

  it('many requests at once wait for one question, and are counted each', async () => {
    const { asked, link } = redisThatCounts();
    const { limit } = limitWith(link);
    const answers = await Promise.all(Array.from({ length: 150 }, async () => limit.take('a')));
    expect(answers.filter((wait) => wait === 0)).toHaveLength(100);
    expect(asked.length).toBe(21);
  });

  it('asks again once the window is over', async () => {
    const { link } = redisThatCounts();
    const { clock, limit } = limitWith(link);
    await allowed(limit, 150);
    expect(limit.take('a')).toBe(4);
    clock.now += 4_000;
    expect(await limit.take('a')).toBe(4);
  });

  it('counts by itself while Redis is down', async () => {
    const { limit } = limitWith({ send: async () => undefined } as unknown as RedisClient);
    expect(await allowed(limit, 150)).toBe(100);
  });
});
