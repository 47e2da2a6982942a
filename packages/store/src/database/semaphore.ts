/** Limits concurrency; waiting callers acquire it in order. */
export interface Semaphore {
  readonly acquire: () => Promise<void>;
  readonly release: () => void;
}

/** @param timeoutError creates the rejection after a wait of `timeoutMs` */
export function createSemaphore(limit: number, timeoutMs: number, timeoutError: () => Error): Semaphore {
  const waiting: (() => void)[] = [];
  let acquired = 0;
  return {
    acquire() {
      if (acquired < limit) {
        acquired += 1;
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
      // The slot passes to the next waiting caller without being free in between.
      const next = waiting.shift();
      if (next === undefined) acquired -= 1;
      else next();
    },
  };
}
