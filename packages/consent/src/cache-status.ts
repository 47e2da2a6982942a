/** How fresh the cache is, for health checks and for the person on call. */
export interface CacheStatus {
  /** Whether questions can be answered now. */
  readonly provable: boolean;
  /** Age of the proof, in ms; undefined where there is none. */
  readonly proofAge: number | undefined;
  readonly revision: string | undefined;
  /** Entries that are known to exist and not folded in yet. */
  readonly lag: number;
  /** How long hints have been missing, in ms; undefined while they arrive, and where there is no shared cache. */
  readonly pushLostFor: number | undefined;
  readonly tenants: number;
}

/** What has been counted since the start. */
export interface CacheCounts {
  hits: number;
  /** Read while the tenant wasn't at hand. */
  absent: number;
  /** Read while nothing could be shown fresh enough. */
  stale: number;
  /** Read for a revision that the log has not reached here. */
  ahead: number;
  /** Tenants fetched from the shared cache, and from the database. */
  fromSharedCache: number;
  fromDatabase: number;
  closedForUnknown: number;
}
