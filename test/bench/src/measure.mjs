import { performance } from 'node:perf_hooks';

/**
 * One side of a comparison. `call` gets a running number, so that a side can go round its subjects.
 *
 * @typedef {{ readonly call: (index: number) => unknown, readonly async?: boolean }} Side
 */

/** Rounds, and how long one side runs in each. Warming up lets the compiler finish with both sides. */
export const FULL = { rounds: 401, millisecondsPerSide: 2, warmUpMilliseconds: 1500 };
export const SMOKE = { rounds: 1, millisecondsPerSide: 1, warmUpMilliseconds: 1 };

// Results go here, so that no call can be left out as unused.
export const sink = { last: /** @type {unknown} */ (undefined) };

/**
 * Times two sides in turn, the first place changing with every round. Other programs on the machine slow both sides of
 * a round alike, so the ratio of each round is taken, and of those the median.
 *
 * @param {Side} ours
 * @param {Side} other
 * @returns {Promise<{ value: number, ours: number, other: number }>} ratio, and microseconds a call
 */
export async function compareTime(ours, other, { rounds, millisecondsPerSide, warmUpMilliseconds } = FULL) {
  const [oursCalls, otherCalls] = [
    await calibrate(ours, warmUpMilliseconds),
    await calibrate(other, warmUpMilliseconds),
  ].map((perCall) => Math.max(1, Math.round(millisecondsPerSide / perCall)));
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = round % 2 === 0 ? undefined : await time(other, otherCalls);
    const a = await time(ours, oursCalls);
    pairs.push({ a, b: before ?? (await time(other, otherCalls)) });
  }
  return {
    value: median(pairs.map(({ a, b }) => a / b)),
    ours: 1000 * median(pairs.map(({ a }) => a)),
    other: 1000 * median(pairs.map(({ b }) => b)),
  };
}

/** Milliseconds a call, after as long a warm-up as asked for. */
async function calibrate(side, warmUpMilliseconds) {
  const until = performance.now() + warmUpMilliseconds;
  let perCall = await time(side, 1);
  while (performance.now() < until) perCall = await time(side, Math.max(1, Math.round(5 / perCall)));
  return Math.max(perCall, 1e-6);
}

async function time({ call, async }, calls) {
  const started = performance.now();
  if (async) for (let index = 0; index < calls; index += 1) sink.last = await call(index);
  else for (let index = 0; index < calls; index += 1) sink.last = call(index);
  return (performance.now() - started) / calls;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {readonly number[]} values @param {number} part 0.99: the value that 99 of 100 don't exceed */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}
