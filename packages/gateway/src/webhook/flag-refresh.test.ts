import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FlagRefresh } from './flag-refresh.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a hint', () => {
  test('fetches at once, and again until every server has noticed', async () => {
    const refresh = vi.fn(async () => {});
    new FlagRefresh({ refresh, after: [0, 500, 1_200] }).hint();
    expect(refresh).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(refresh).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  test('begins anew with each hint: a hundred at once cost no more than two fetches and those after', async () => {
    let answer = (): void => {};
    const refresh = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
    const flags = new FlagRefresh({ refresh, after: [0, 500] });
    for (let count = 0; count < 100; count++) flags.hint();
    expect(refresh).toHaveBeenCalledTimes(1);
    answer();
    await vi.advanceTimersByTimeAsync(200);
    // What was on its way may have been from before the last hint.
    expect(refresh).toHaveBeenCalledTimes(2);
    answer();
    await vi.advanceTimersByTimeAsync(500);
    answer();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  test('leaves nothing once it is stopped', async () => {
    const refresh = vi.fn(async () => {});
    const flags = new FlagRefresh({ refresh });
    flags.hint();
    flags.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
