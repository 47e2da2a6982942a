/** Nothing came in time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** What a promise brings, or a {@link TimeoutError} after so many ms; what comes later is ignored. */
export function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`no answer in ${milliseconds} ms`)), milliseconds);
    const settled = (): void => clearTimeout(timer);
    promise.then(resolve, reject);
    promise.then(settled, settled);
  });
}
