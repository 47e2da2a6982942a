import type { Socket } from 'node:net';

/** One direction of a proxied connection. */
export interface Lane {
  /** Bytes and the end of the stream are forwarded this long after they came. In milliseconds; order is kept. */
  delay(milliseconds: number): void;
  /** Forwards nothing and does not read on: senders see their buffers fill, as on a cable that is pulled. */
  pause(): void;
  resume(): void;
}

interface Parcel {
  /** Undefined: the end of the stream. */
  readonly bytes: Buffer | undefined;
  /** On the clock of `performance.now()`. */
  readonly due: number;
}

/**
 * Forwards what `from` says to `to`, as slowly as `to` can take it.
 *
 * @param passes whether bytes that arrived are forwarded at all
 */
export function openLane(from: Socket, to: Socket, passes: (bytes: Buffer) => boolean): Lane {
  const waiting: Parcel[] = [];
  let delayed = 0;
  let paused = false;
  let timer: NodeJS.Timeout | undefined;

  const accept = (bytes: Buffer | undefined): void => {
    waiting.push({ bytes, due: performance.now() + delayed });
    forward();
  };
  const next = (): Parcel | undefined => (paused || to.destroyed ? undefined : waiting[0]);
  const forward = (): void => {
    clearTimeout(timer);
    for (let parcel = next(); parcel; parcel = next()) {
      const early = parcel.due - performance.now();
      if (early > 0) {
        timer = setTimeout(forward, early);
        return;
      }
      waiting.shift();
      if (parcel.bytes === undefined) to.end();
      else if (!to.write(parcel.bytes)) from.pause();
    }
  };

  from.on('data', (bytes: Buffer) => passes(bytes) && accept(bytes));
  from.once('end', () => accept(undefined));
  to.on('drain', () => {
    if (!paused) from.resume();
  });
  to.once('close', () => clearTimeout(timer));

  return {
    delay(milliseconds) {
      delayed = milliseconds;
    },
    pause() {
      paused = true;
      from.pause();
    },
    resume() {
      paused = false;
      forward();
      from.resume();
    },
  };
}
