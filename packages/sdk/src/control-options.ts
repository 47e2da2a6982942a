import type { ControlCacheOptions } from '@rampart/consent';
import type { StoreOptions } from '@rampart/store';

/** Options of {@link createControl}: where the control state is recorded, and how processes follow it. */
export interface ControlOptions
  extends Pick<StoreOptions, 'database' | 'secret' | 'timeout' | 'connections'>,
    Pick<ControlCacheOptions, 'maxStaleness' | 'pollInterval' | 'mostEntries' | 'patience' | 'meter' | 'logger'> {
  /** Names the set of processes that share one Redis and one database, e.g. `production`. @default 'default' */
  readonly environment?: string | undefined;
  /** Brings the tables up to date at the first use; `false` where that needs rights a service shouldn't have. @default true */
  readonly migrate?: boolean | undefined;
}
