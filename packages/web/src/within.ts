/** How long a gateway may take to answer, in ms; then it is taken for one that can't be reached. */
export const MOST_WAIT = 10_000;

/** That an answer took too long. */
export class NoAnswer extends Error {
  /** @param most ms that were waited */
  constructor(most: number) {
    super(`no answer within ${most / 1_000} s`);
  }
}

/**
 * Waits for work no longer than so many ms.
 *
 * @param outer ends the work too
 * @param work is given what tells it to end
 * @throws NoAnswer where it takes longer
 */
export async function within<T>(
  most: number,
  outer: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = (): void => ending.abort(outer?.reason);
  if (outer?.aborted) end();
  outer?.addEventListener('abort', end);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new NoAnswer(most);
      reject(error);
      ending.abort(error);
    }, most);
  });
  try {
    return await Promise.race([work(ending.signal), late]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', end);
  }
}
