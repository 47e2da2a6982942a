import { rolloutBucket } from '@rampart/core';
import fc from 'fast-check';
import { Unleash } from 'unleash-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FlagServer } from './flag-server.js';

const GROUPS = ['ai.copilot.v1', 'gruppe-ü', '東京', '🚀', '__proto__', 'a:b'];
const server = new FlagServer();
let unleash: Unleash;

/** One stock flag for each salt and percentage. */
const features = GROUPS.flatMap((groupId) =>
  Array.from({ length: 100 }, (_, index) => ({
    name: `${groupId}/${index + 1}`,
    enabled: true,
    strategies: [
      { name: 'flexibleRollout', parameters: { rollout: String(index + 1), groupId, stickiness: 'userId' } },
    ],
  })),
);

beforeAll(async () => {
  await server.start();
  unleash = new Unleash({
    url: server.serve({ features }),
    appName: 'specification',
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: { get: async () => undefined, set: async () => {} },
  });
  await new Promise((resolve) => unleash.once('synchronized', resolve));
});

afterAll(async () => {
  unleash.destroy();
  await server.stop();
});

/** The lowest percentage at which Unleash's own gradual rollout lets somebody in. */
function stockBucket(userId: string, groupId: string): number {
  return (
    1 +
    Array.from({ length: 100 }, (_, index) => index + 1).filter(
      (percent) => !unleash.isEnabled(`${groupId}/${percent}`, { userId }),
    ).length
  );
}

const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.uuid(),
);

test('a bucket is the one of the stock gradual rollout, for any text', () => {
  const group = fc.constantFrom(...GROUPS);
  fc.assert(
    fc.property(text, group, (user, groupId) => {
      expect(rolloutBucket(user, groupId)).toBe(stockBucket(user, groupId));
    }),
    { numRuns: 300 },
  );
});

test('a bucket is the same for ever', () => {
  const known = [
    ['acme', 'ai.copilot.v1', 65],
    ['user-1', 'ai.copilot.v1', 15],
    ['user-4', 'ai.copilot.v1', 1],
    ['user-52', 'ai.copilot.v1', 100],
    ['zürich', 'ai.copilot.v1', 22],
    ['東京', 'gruppe-ü', 3],
    ['🚀', 'gruppe-ü', 2],
  ] as const;
  for (const [value, groupId, bucket] of known) expect(rolloutBucket(value, groupId), value).toBe(bucket);
});

test('buckets are from 1 to 100, each about equally often', () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 20_000; index += 1) {
    const bucket = rolloutBucket(`tenant-${index}`, 'ai.copilot.v1');
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  expect(Math.min(...counts.keys())).toBe(1);
  expect(Math.max(...counts.keys())).toBe(100);
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(80);
});
