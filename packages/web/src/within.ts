/**
 * Waits for work no longer than so many ms.
 *
 * @param outer ends the work too
 * @param work is given what tells it to end
 * @throws Error where it takes longer
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
      const error = new Error(`no answer within ${most / 1_000} s`);
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
