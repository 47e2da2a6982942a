import type { LogPosition, TenantSnapshot } from '@rampart/core';

/** Whether hints of other processes can arrive at the moment. */
export interface PushState {
  readonly connected: boolean;
  /** When hints were last lost, in ms of the monotonic clock; undefined while they arrive. */
  readonly lostAt: number | undefined;
}

/**
 * Values that other processes fetched, and hints that something changed. All of it may be late, lost, doubled or forged:
 * it saves reads of the database and time, and proves nothing. Nothing here rejects, throws or waits long; where the
 * level can't be had, it knows nothing.
 */
export interface SecondLevel {
  /** A genuine value with its position, however old; undefined where there is none. One round trip. */
  getTenant(tenantId: string): Promise<TenantSnapshot | undefined>;
  /** Leaves a value for others. An older one never replaces a newer one. */
  putTenant(tenantId: string, snapshot: TenantSnapshot): void;
  /** Takes away what is left of a tenant, which was erased. */
  forget(tenantId: string): Promise<void>;
  /** Tells every process that the log has got this far. */
  announce(position: LogPosition): void;
  /** Calls back for each genuine hint. Returns how to stop. */
  subscribe(listener: (position: LogPosition) => void): () => void;
  push(): PushState;
  close(): Promise<void>;
}
