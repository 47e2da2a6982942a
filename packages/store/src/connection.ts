/** One connection of a driver. */
export interface Connection {
  /** Runs one statement; without values several, separated by semicolons, where the driver has that. */
  query(text: string, values: readonly unknown[]): Promise<Result>;
}

export interface Result {
  readonly rows: readonly Record<string, unknown>[];
  /** Rows inserted, changed or deleted. */
  readonly changed: number;
}

/** Connections of one driver. What it throws is a StoreError. */
export interface Pool {
  acquire(): Promise<Connection>;
  /** Gives it back, or destroys it where it can't be trusted any more. */
  release(connection: Connection): void;
  /** Doesn't wait longer than the timeout. */
  close(): Promise<void>;
}

/** Whether `work` ended within `ms`, one way or the other. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
