import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is true. @throws Error that says what never was */
export async function eventually(what, isTrue, milliseconds = 20_000) {
  const deadline = performance.now() + milliseconds;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${milliseconds / 1000} s`);
    await sleep(5);
  }
}
