import fc from 'fast-check';
import { expect, test } from 'vitest';
import { put, VersionedMap, without } from './versioned-map.js';

const changes = fc.array(
  fc.record({
    // Which of the versions made so far is changed: mostly the newest, sometimes an old one.
    back: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(60)),
    key: fc.integer({ min: 0, max: 12 }),
    value: fc.option(fc.nat(3), { nil: undefined }),
  }),
  { maxLength: 120 },
);
const reads = fc.array(fc.record({ version: fc.nat(120), key: fc.integer({ min: 0, max: 12 }) }), { maxLength: 20 });

test('every version stays what a copied map would be, in whatever order versions are changed and read', () => {
  fc.assert(
    fc.property(changes, reads, fc.infiniteStream(fc.boolean()), (made, read, isLookedAt) => {
      const copies: ReadonlyMap<number, number>[] = [new Map([[0, 7]])];
      const versions: VersionedMap<number, number>[] = [VersionedMap.from([[0, 7]])];
      const requireSame = (index: number) =>
        expect([versions[index]?.size, new Map(versions[index])]).toEqual([copies[index]?.size, copies[index]]);
      for (const { back, key, value } of made) {
        const index = Math.max(0, versions.length - 1 - back);
        const copy = new Map(copies[index]);
        if (value === undefined) copy.delete(key);
        else copy.set(key, value);
        copies.push(copy);
        const version = versions[index] as VersionedMap<number, number>;
        versions.push(value === undefined ? version.without(key) : version.with(key, value));
        if (isLookedAt.next().value) requireSame(index);
      }
      for (const { version, key } of read) {
        const index = version % versions.length;
        expect(versions[index]?.get(key)).toBe(copies[index]?.get(key));
        expect(versions[index]?.has(key)).toBe(copies[index]?.has(key));
      }
      for (const index of versions.keys()) requireSame(index);
    }),
  );
});

test('an iteration under way does not see later versions', () => {
  const first = VersionedMap.from([
    ['a', 1],
    ['b', 2],
  ]);
  const entries = first.entries();
  expect(entries.next().value).toEqual(['a', 1]);
  first.with('c', 3).without('b');
  expect([...entries]).toEqual([['b', 2]]);
});

test('a map that others hold is copied before its first change', () => {
  for (const size of [3, 1_000]) {
    const map = new Map(Array.from({ length: size }, (_, index) => [index, index]));
    expect([put(map, -1, 0).size, without(map, 1).size, map.size]).toEqual([size + 1, size - 1, size]);
    expect(map.has(1)).toBe(true);
  }
});
