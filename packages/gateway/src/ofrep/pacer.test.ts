import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('a pacer', () => {
  it('does a little work at once, and in the order in which it came', async () => {
    const pacer = new Pacer(10);
    expect(pacer.run(() => 'at once')).toBe('at once');
    const done: number[] = [];
    const work = [1, 2, 3, 4].map(async (number) =>
      pacer.run(() => {
        busy(3);
        done.push(number);
        return number;
      }),
    );
    expect(await Promise.all(work)).toEqual([1, 2, 3, 4]);
    expect(done).toEqual([1, 2, 3, 4]);
    expect(pacer.waiting).toBe(0);
  });

  it('lets others have their turn while much waits', async () => {
    const pacer = new Pacer(1_000);
    let turns = 0;
    let going = true;
    const other = (): void => {
      turns += 1;
      if (going) setImmediate(other);
    };
    setImmediate(other);
    await Promise.all(Array.from({ length: 50 }, async () => pacer.run(() => busy(2))));
    going = false;
    expect(turns).toBeGreaterThan(15);
  });

  it('says when it is full, and hands failures to who asked', async () => {
    const pacer = new Pacer(1);
    void pacer.run(() => busy(10));
    const failing = pacer.run(() => {
      throw new Error('no');
    });
    expect(pacer.full).toBe(true);
    await expect(failing).rejects.toThrow('no');
    expect(pacer.full).toBe(false);
    expect(() =>
      pacer.run(() => {
        throw new Error('at once');
      }),
    ).toThrow('at once');
  });
});
