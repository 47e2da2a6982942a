import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Repeats } from './repeats.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function newRepeats() {
  const said: { readonly at: number; readonly whom: readonly number[] }[] = [];
  const start = performance.now();
  const repeats = new Repeats<number>(5_000, (whom) => said.push({ at: performance.now() - start, whom }));
  return { repeats, said };
}

describe('a repeat', () => {
  test('comes once, a while after', async () => {
    const { repeats, said } = newRepeats();
    repeats.add(1);
    await vi.advanceTimersByTimeAsync(1_000);
    repeats.add(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said.map(({ whom }) => whom)).toEqual([[1], [2]]);
    expect(said[0]?.at).toBeCloseTo(5_000, -2);
    expect(said[1]?.at).toBeCloseTo(6_000, -2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits anew where there is news meanwhile, and comes within twice the while', async () => {
    const { repeats, said } = newRepeats();
    for (let count = 0; count < 4; count += 1) {
      repeats.add(1);
      await vi.advanceTimersByTimeAsync(4_000);
    }
    expect(said).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toHaveLength(1);
    expect(said[0]?.at).toBeCloseTo(17_000, -2);
  });

  test('reaches thousands in groups, each of them once', async () => {
    const { repeats, said } = newRepeats();
    for (let whom = 0; whom < 5_000; whom += 1) repeats.add(whom);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Math.max(...said.map(({ whom }) => whom.length))).toBeLessThanOrEqual(134);
    expect(new Set(said.flatMap(({ whom }) => whom)).size).toBe(5_000);
    expect(said.flatMap(({ whom }) => whom)).toHaveLength(5_000);
    expect(said.at(-1)?.at).toBeLessThan(7_000);
  });

  test('is not for who has gone, nor after the end', async () => {
    const { repeats, said } = newRepeats();
    repeats.add(1);
    repeats.add(2);
    repeats.delete(1);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(said.map(({ whom }) => whom)).toEqual([[2]]);
    repeats.add(3);
    repeats.close();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(said).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
