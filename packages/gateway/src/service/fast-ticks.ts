import { executionAsyncResource } from 'node:async_hooks';

const tickObjects: object[] = [];

/**
 * Keeps `process.nextTick` fast: an HTTP request takes six ticks. V8 remembers the shape of Node's tick objects weakly. A full
 * garbage collection while no tick waits forgets it, and from then on each tick takes four times as long, until the process
 * ends. One tick object that stays alive prevents that. Call it early. Measured on Node 20 and 24.
 */
export function keepTicksFast(): void {
  process.nextTick(() => {
    if (tickObjects.length === 0) tickObjects.push(executionAsyncResource());
  });
}
