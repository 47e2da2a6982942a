import { setTimeout as pause } from 'node:timers/promises';

/** Pauses between attempts, in ms: doubled from the first to the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/** How an attempt that is repeated ended. */
export type Outcome<T> =
  | { readonly state: 'held'; readonly value: T }
  | { readonly state: 'failed' | 'pending'; readonly error: string };

/** How long to try, and who is told. */
export interface Persistence {
  /** Ends the trying; what is under way is left alone. */
  readonly signal?: AbortSignal | undefined;
  /** Whether trying again can't help. */
  readonly isFinal: (error: unknown) => boolean;
  /** An attempt failed and there will be another one. */
  readonly onFailure: (error: string) => void;
}

/** Repeats an attempt until it succeeds, can't succeed, or the signal says that it was enough. One attempt is always made. */
export async function untilHeld<T>(attempt: () => Promise<T>, persistence: Persistence): Promise<Outcome<T>> {
  const { signal, isFinal, onFailure } = persistence;
  let last = 'no attempt has ended yet';
  for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
    try {
      const tried = await unlessAborted(attempt(), signal);
      if (tried === ABORTED) return { state: 'pending', error: last };
      return { state: 'held', value: tried };
    } catch (error) {
      last = messageOf(error);
      if (isFinal(error)) return { state: 'failed', error: last };
    }
    onFailure(last);
    const resting = pause(wait, undefined, { signal }).catch(() => {});
    await resting;
    if (signal?.aborted) return { state: 'pending', error: last };
  }
}

const ABORTED = Symbol('aborted');

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | typeof ABORTED> {
  if (signal === undefined) return work;
  // Nobody may be left to hear of it.
  work.catch(() => {});
  let stop = (): void => {};
  const aborted = new Promise<typeof ABORTED>((resolve) => {
    stop = () => resolve(ABORTED);
    if (signal.aborted) setImmediate(stop);
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
