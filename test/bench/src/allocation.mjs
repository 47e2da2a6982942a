import { median, sink } from './measure.mjs';

/** V8 flags of the process that measures: a young generation that many calls fit in, so that nothing is collected meanwhile. */
export const ALLOCATION_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

/** A round allocates some 20 MB for calls of 1 KB: far less than the young generation, far more than the heap's accounting steps. */
export const FULL_ALLOCATION = { rounds: 31, calls: 20_000, warmUpCalls: 200_000 };
export const SMOKE_ALLOCATION = { rounds: 1, calls: 10, warmUpCalls: 10 };

/**
 * Bytes a call allocates on each side, in turn. The young generation is emptied before each round; the heap's growth
 * over the calls is then what they allocated. A round in which a collection ran all the same shows as an outlier.
 *
 * @param {import('./measure.mjs').Side} ours
 * @param {import('./measure.mjs').Side} other
 * @returns {{ value: number, ours: number, other: number }} ratio, and bytes a call
 */
export function compareAllocation(ours, other, { rounds, calls, warmUpCalls } = FULL_ALLOCATION) {
  for (const side of [ours, other]) repeat(side, warmUpCalls);
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) pairs.push([bytes(ours, calls), bytes(other, calls)]);
  const a = median(pairs.map(([bytesOfOurs]) => bytesOfOurs));
  const b = median(pairs.map(([, bytesOfOther]) => bytesOfOther));
  return { value: a / b, ours: a, other: b };
}

function bytes(side, calls) {
  sink.last = undefined;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  repeat(side, calls);
  return (process.memoryUsage().heapUsed - before) / calls;
}

function repeat({ call }, calls) {
  for (let index = 0; index < calls; index += 1) sink.last = call(index);
}
