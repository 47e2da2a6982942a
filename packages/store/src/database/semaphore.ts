/** Places that are taken and passed on, in the order they were asked for. */
export interface Turns {
  readonly take: () => Promise<void>;
  readonly pass: () => void;
}

/** @param late what whoever waited longer than `timeout` ms is told */
export function takingTurns(most: number, timeout: number, late: () => Error): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    take() {
      if (taken < most) {
        taken += 1;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(late());
        }, timeout);
        const turn = () => {
          clearTimeout(timer);
          resolve();
        };
        waiting.push(turn);
      });
    },
    pass() {
      // Who waits takes the place over; it is never free in between.
      const next = waiting.shift();
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}
