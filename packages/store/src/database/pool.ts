import { isStoreError, StoreError, type StoreErrorKind } from '../api/store-error.js';
import { type Connection, type Pool, type QueryResult, settlesWithin, withDeadline } from './connection.js';
import { createStoreError, toStoreError } from './driver-error.js';
import { createSemaphore } from './semaphore.js';
import type { Address } from './settings.js';

export interface PoolSettings {
  readonly address: Address;
  /** Timeout in ms for a free slot, for a new connection with its session set-up, and for closing. */
  readonly timeoutMs: number;
  /** Timeout in ms for the answer to one statement. @default timeoutMs */
  readonly statementTimeoutMs?: number | undefined;
  readonly maxConnections: number;
  readonly warn: (message: string) => void;
}

/** A connection of a driver library. Its promises may stay pending forever: the pool applies the timeouts. */
export interface DriverConnection {
  /** Connects, authenticates and sets up the session. */
  open(): Promise<void>;
  query(text: string, values: readonly unknown[]): Promise<QueryResult>;
  /** Whether an error of `query` leaves the connection unusable. */
  isFatal(error: unknown): boolean;
  /** Closes the connection with a message to the server. */
  end(): Promise<unknown>;
  /** Closes the socket immediately. */
  destroy(): void;
}

/** Creates a closed connection. It calls `onBroken` when the socket breaks, also while idle. */
export type CreateConnection = (onBroken: (error: Error) => void) => DriverConnection;

/** Lifetime of an idle connection in ms. */
const IDLE_TIMEOUT_MS = 10_000;

/** Failures that other connections of the same age share: they lead to the same wrong or broken server. */
const STALE_SERVER_KINDS: ReadonlySet<StoreErrorKind> = new Set(['unreachable', 'read_only', 'replica']);

class PooledConnection implements Connection {
  readonly driver: DriverConnection;
  /** Connections of an earlier generation are not used again. */
  readonly generation: number;
  idleTimer: NodeJS.Timeout | undefined;
  readonly #settings: PoolSettings;
  #lost: StoreError | undefined;

  constructor(create: CreateConnection, generation: number, settings: PoolSettings, onIdleBreak: () => void) {
    this.generation = generation;
    this.#settings = settings;
    this.driver = create((error) => {
      this.markLost(toStoreError(error, settings.address.redactedUrl));
      if (this.idleTimer === undefined) return;
      settings.warn(toStoreError(error, settings.address.redactedUrl).message);
      onIdleBreak();
    });
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  markLost(error: StoreError): void {
    this.#lost ??= error;
  }

  async open(): Promise<void> {
    const { address, timeoutMs } = this.#settings;
    const timeoutError = () => createStoreError('timeout', address.redactedUrl, `no connection within ${timeoutMs} ms`);
    try {
      await withDeadline(timeoutMs, this.driver.open(), timeoutError);
    } catch (error) {
      throw toStoreError(error, address.redactedUrl);
    }
  }

  async query(text: string, values: readonly unknown[]): Promise<QueryResult> {
    // After a timeout the answer may still arrive, and the next statement would take it for its own.
    if (this.#lost !== undefined) throw this.#lost;
    const { address, timeoutMs, statementTimeoutMs = timeoutMs } = this.#settings;
    const timeoutError = () =>
      createStoreError('timeout', address.redactedUrl, `no answer to a statement within ${statementTimeoutMs} ms`);
    try {
      return await withDeadline(statementTimeoutMs, this.driver.query(text, values), timeoutError);
    } catch (error) {
      const storeError = toStoreError(error, address.redactedUrl);
      if (isStoreError(error) || STALE_SERVER_KINDS.has(storeError.kind) || this.driver.isFatal(error))
        this.markLost(storeError);
      throw storeError;
    }
  }
}

/**
 * Connections of a driver library with a timeout for each wait: for a slot, for connecting with session set-up, for each statement, for
 * closing. A connection that breaks, times out, or reports a replica or a read-only server is destroyed with all connections that were
 * opened before the failure: after a failover they lead to the same server.
 */
export function openPool(settings: PoolSettings, create: CreateConnection): Pool {
  const { address, timeoutMs, maxConnections } = settings;
  const slots = createSemaphore(maxConnections, timeoutMs, () =>
    createStoreError('timeout', address.redactedUrl, `no free connection within ${timeoutMs} ms`),
  );
  const idle: PooledConnection[] = [];
  const open = new Set<PooledConnection>();
  let generation = 0;
  let closed = false;
  let onEmpty: (() => void) | undefined;

  const removeFromIdle = (connection: PooledConnection): void => {
    clearTimeout(connection.idleTimer);
    connection.idleTimer = undefined;
    const index = idle.indexOf(connection);
    if (index >= 0) idle.splice(index, 1);
  };
  const destroy = (connection: PooledConnection): void => {
    removeFromIdle(connection);
    connection.driver.destroy();
    open.delete(connection);
    if (open.size === 0) onEmpty?.();
  };
  const end = async (connection: PooledConnection): Promise<void> => {
    removeFromIdle(connection);
    await settlesWithin(timeoutMs, connection.driver.end());
    destroy(connection);
  };
  const isUsable = (connection: PooledConnection): boolean =>
    !connection.isLost && connection.generation === generation;

  const connect = async (): Promise<PooledConnection> => {
    const connection: PooledConnection = new PooledConnection(create, generation, settings, () => destroy(connection));
    open.add(connection);
    try {
      await connection.open();
      return connection;
    } catch (error) {
      destroy(connection);
      throw error;
    }
  };
  const reuse = (): PooledConnection | undefined => {
    for (let connection = idle.at(-1); connection !== undefined; connection = idle.at(-1)) {
      removeFromIdle(connection);
      if (isUsable(connection)) return connection;
      destroy(connection);
    }
    return undefined;
  };
  return {
    async acquire() {
      await slots.acquire();
      try {
        if (closed) throw new StoreError('refused', `${address.redactedUrl}: this store was closed; open another`);
        return reuse() ?? (await connect());
      } catch (error) {
        slots.release();
        throw error;
      }
    },
    release(pooled, failure) {
      const connection = pooled as PooledConnection;
      if (isStoreError(failure) && STALE_SERVER_KINDS.has(failure.kind)) connection.markLost(failure);
      if (connection.isLost && connection.generation === generation) generation += 1;
      if (!isUsable(connection)) destroy(connection);
      else if (closed) void end(connection);
      else {
        connection.idleTimer = setTimeout(() => void end(connection), IDLE_TIMEOUT_MS);
        idle.push(connection);
      }
      slots.release();
    },
    async close() {
      closed = true;
      for (const connection of idle.slice()) void end(connection);
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      if (open.size > 0) await settlesWithin(timeoutMs, empty);
      for (const connection of open) destroy(connection);
    },
  };
}
