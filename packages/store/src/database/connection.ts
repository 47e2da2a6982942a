/** One connection of a pool. What it throws is a StoreError. */
export interface Connection {
  /** Whether the connection can't be used any more: it broke, fell silent, or turned out to be a replica. */
  readonly isLost: boolean;
  /** Runs one statement; without values several, separated by semicolons, where the driver has that. */
  query(text: string, values: readonly unknown[]): Promise<QueryResult>;
}

export interface QueryResult {
  readonly rows: readonly Record<string, unknown>[];
  /** Rows inserted, changed or deleted. */
  readonly affectedRows: number;
}

/** Connections to one database. What it throws is a StoreError. */
export interface Pool {
  /** @throws StoreError `timeout` after one timeout for a free place and another for a new connection */
  acquire(): Promise<Connection>;
  /**
   * Gives a connection back, or destroys it where it can't be trusted any more.
   *
   * @param failure what the work on the connection threw; a failure that says replica or read-only destroys the connection
   */
  release(connection: Connection, failure?: unknown): void;
  /** Doesn't wait longer than the timeout. */
  close(): Promise<void>;
}

/** Whether `work` ended within `ms`, one way or the other. */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const timeoutError = new Error('late');
  return withDeadline(ms, work, () => timeoutError).then(
    () => true,
    (error: unknown) => error !== timeoutError,
  );
}

/**
 * The result of `work`, or the error that `late` makes after `ms`. A result that arrives later is ignored.
 *
 * An answer that has reached this machine in time counts, however long the event loop was blocked: after the timer, one
 * round of the event loop reads what has arrived.
 */
export async function withDeadline<T>(ms: number, work: Promise<T>, timeoutError: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => setImmediate(() => reject(timeoutError())), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
