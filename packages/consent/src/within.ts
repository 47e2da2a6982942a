/** Nothing came in time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** What a promise brings, or a {@link TimeoutError} after so many ms; what comes later is ignored. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`no answer in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
