import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every 50 ms; false when it did not become true in time. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
}
