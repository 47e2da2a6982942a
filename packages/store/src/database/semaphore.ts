/** Places that are taken and passed on, in the order they were asked for. */
export interface Semaphore {
  readonly acquire: () => Promise<void>;
  readonly release: () => void;
}

/** @param timeoutError what whoever waited longer than `timeout` ms is told */
export function createSemaphore(limit: number, timeoutMs: number, timeoutError: () => Error): Semaphore {
  const waiting: (() => void)[] = [];
  let held = 0;
  return {
    acquire() {
      if (held < limit) {
        held += 1;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(proceed), 1);
          reject(timeoutError());
        }, timeoutMs);
        const proceed = () => {
          clearTimeout(timer);
          resolve();
        };
        waiting.push(proceed);
      });
    },
    release() {
      // Who waits takes the place over; it is never free in between.
      const next = waiting.shift();
      if (next === undefined) held -= 1;
      else next();
    },
  };
}
