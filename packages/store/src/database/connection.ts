/** A connection of a pool. Throws StoreErrors only. */
export interface Connection {
  /** Whether the connection is unusable: it broke, timed out, or leads to a replica. */
  readonly isLost: boolean;
  /** Runs one statement; without values several, separated by semicolons, if the driver supports that. */
  query(text: string, values: readonly unknown[]): Promise<QueryResult>;
}

export interface QueryResult {
  readonly rows: readonly Record<string, unknown>[];
  /** Number of inserted, updated or deleted rows. */
  readonly affectedRows: number;
}

/** Connections to one database. Throws StoreErrors only. */
export interface Pool {
  /** @throws StoreError `timeout` after one timeout for a free slot and another for a new connection */
  acquire(): Promise<Connection>;
  /**
   * Returns a connection to the pool, or destroys it if it is unusable.
   *
   * @param failure error of the work on the connection; a replica or read-only error destroys the connection
   */
  release(connection: Connection, failure?: unknown): void;
  /** Closes the connections within the timeout. */
  close(): Promise<void>;
}

/** Whether `work` settles within `ms`. */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const timeoutError = new Error('late');
  return withDeadline(ms, work, () => timeoutError).then(
    () => true,
    (error: unknown) => error !== timeoutError,
  );
}

/**
 * The result of `work`, or a rejection with `timeoutError` after `ms`. A later result is ignored.
 *
 * After the timer, one round of the event loop reads received data, so that a blocked event loop doesn't turn an answer into a timeout.
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
