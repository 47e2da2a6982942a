import type { SharedControl, TenantControl } from './control.js';
import type { ControlChange } from './control-state.js';

/**
 * A place in the control log. Places of different epochs can't be compared: a database was replaced, or restored.
 */
export interface LogPosition {
  readonly epoch: string;
  /** 0 before the first entry; every entry is one further than the one before. */
  readonly position: number;
}

/** What an entry of the log means to those who follow it. */
export type LogEffect =
  /** To be folded in. */
  | { readonly kind: 'change'; readonly change: ControlChange }
  /** All tenants have to be read again: the entry was erased, and its tenant is unknown. */
  | { readonly kind: 'forget' }
  /** Everything has to be read again: what stood there was no tenant's own, and was erased. */
  | { readonly kind: 'begin_anew' }
  /** Nothing: a flag edit, a release. */
  | { readonly kind: 'none' };

/** One entry of the control log, as followers need it. */
export interface LogEntry {
  readonly position: number;
  readonly effect: LogEffect;
}

/** A reading of the log: entries and head from one snapshot of the primary database. */
export interface LogBatch {
  readonly epoch: string;
  /** The last committed position. */
  readonly head: number;
  /** Those after the position that was asked for, ascending and without a gap; cut at the limit that was asked for. */
  readonly entries: readonly LogEntry[];
  /** The database's wall clock, in ms since 1970. */
  readonly now: number;
}

/** What is recorded about one tenant, as of a position. */
export interface TenantSnapshot extends LogPosition {
  readonly tenant: TenantControl;
}

/** What is recorded and no tenant's own, as of a position. */
export interface SharedSnapshot extends LogPosition {
  readonly shared: SharedControl;
}

/** Where followers read the control log and what it adds up to. Everything rejects where the primary can't be read. */
export interface ControlLog {
  /**
   * Entries after a position, at most `limit`, with the head of the same snapshot. Only the primary counts: a read replica
   * may be behind and is refused.
   */
  readLog(after: number, limit: number): Promise<LogBatch>;
  readTenant(tenantId: string): Promise<TenantSnapshot>;
  readShared(): Promise<SharedSnapshot>;
}

/** The token that names a place, e.g. `3f9c2a1b.42`. Opaque to everyone else. */
export function formatRevision({ epoch, position }: LogPosition): string {
  return `${epoch}.${position}`;
}

/** The place that a token names; undefined for what is no token. */
export function parseRevision(revision: string): LogPosition | undefined {
  const [, epoch, position] = /^([0-9a-f]{8,32})\.(0|[1-9]\d{0,15})$/.exec(revision) ?? [];
  if (epoch === undefined || position === undefined) return undefined;
  const number = Number(position);
  return Number.isSafeInteger(number) ? { epoch, position: number } : undefined;
}
