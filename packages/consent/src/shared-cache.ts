import type { LogPosition, TenantSnapshot } from '@rampart/core';

/** Whether notifications of other processes can arrive now. */
export interface PushState {
  readonly connected: boolean;
  /** When notifications stopped arriving, in ms of the monotonic clock; undefined while they arrive. */
  readonly lostAt: number | undefined;
}

/**
 * Values that other processes fetched, and notifications of changes. Both may be late, lost, repeated or forged: they save
 * reads of the database, and prove nothing. No method rejects, throws or waits long. An unreachable cache has no values.
 */
export interface SharedCache {
  /** An authentic value of any age with its position; undefined if there is none. One round trip. */
  getTenant(tenantId: string): Promise<TenantSnapshot | undefined>;
  /** Stores a value for other processes. An older value never replaces a newer one. */
  putTenant(tenantId: string, snapshot: TenantSnapshot): void;
  /** Deletes the value of a tenant that was erased. */
  forget(tenantId: string): Promise<void>;
  /** Notifies every process that the log reached a position. */
  announce(position: LogPosition): void;
  /** Calls the listener for each authentic notification. @returns unsubscribe */
  subscribe(listener: (position: LogPosition) => void): () => void;
  push(): PushState;
  close(): Promise<void>;
}
