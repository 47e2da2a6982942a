import murmurhash3 from 'murmurhash3js';

/**
 * Bucket of a value, 1 to 100; inside the rollout when `bucket <= rollout`.
 * Source: Unleash's `normalizedStrategyValue` (MurmurHash3 x86 32 bit of `groupId:value`, seed 0), with the library
 * that unleash-client uses, so that both agree on every string.
 */
export function rolloutBucket(value: string, groupId: string): number {
  return (murmurhash3.x86.hash32(`${groupId}:${value}`, 0) % 100) + 1;
}

/** Whether an id belongs to a sample of `percent` (0..100, fractions allowed). The same id and salt give the same answer. */
export function isSampled(id: string, salt: string, percent: number): boolean {
  if (percent <= 0) return false;
  if (percent >= 100) return true;
  return murmurhash3.x86.hash32(`${salt}:${id}`, 0) / 2 ** 32 < percent / 100;
}
