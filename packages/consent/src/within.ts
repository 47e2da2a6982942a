/** A timeout passed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Settles as the promise does, or rejects with a {@link TimeoutError} after `milliseconds`. */
export function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`no answer in ${milliseconds} ms`)), milliseconds);
    const settled = (): void => clearTimeout(timer);
    promise.then(resolve, reject);
    promise.then(settled, settled);
  });
}
