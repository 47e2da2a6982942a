import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

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

  it('lets go of work that is done, also where more comes before all of it is', async () => {
    const pacer = new Pacer(1_000);
    const asked: WeakRef<object>[] = [];
    let going = true;
    const ask = (): void => {
      const request = { body: 'x' };
      if (asked.length < 1_000) asked.push(new WeakRef(request));
      void pacer.run(() => going && request.body !== '' && ask());
    };
    void pacer.run(() => busy(10));
    for (let count = 0; count < 3; count += 1) ask();
    await nextTurn();
    while (asked.length < 1_000) await nextTurn();
    await nextTurn();
    collectGarbage();
    expect(pacer.waiting).toBeGreaterThan(0);
    expect(asked.filter((request) => request.deref() !== undefined).length).toBeLessThan(10);
    going = false;
  });

  it('does in order also what comes while it works', async () => {
    const pacer = new Pacer(1_000);
    void pacer.run(() => busy(10));
    const done: number[] = [];
    const work: unknown[] = [];
    const ask = (number: number): void => {
      work.push(
        pacer.run(() => {
          busy(1);
          done.push(number);
          if (number < 10) ask(number + 10);
        }),
      );
    };
    for (let number = 0; number < 10; number += 1) ask(number);
    while (done.length < 20) await nextTurn();
    await Promise.all(work);
    expect(done).toEqual(Array.from({ length: 20 }, (_, number) => number));
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
