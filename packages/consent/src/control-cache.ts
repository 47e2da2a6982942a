import type { Meter } from '@opentelemetry/api';
import {
  type ClockRange,
  type ControlChanged,
  type ControlLog,
  type ControlSource,
  type ControlView,
  EMPTY_TENANT,
  formatRevision,
  isControlInputError,
  type LogPosition,
  parseRevision,
  type TenantControl,
  type TenantSnapshot,
  withoutEnded,
} from '@rampart/core';
import type { CacheCounts, CacheStatus } from './cache-status.js';
import { type Clocks, SYSTEM_CLOCKS } from './clocks.js';
import { FollowedState } from './followed-state.js';
import { Follower } from './follower.js';
import { observe } from './metrics.js';
import type { SharedCache } from './shared-cache.js';
import { TimeoutError, within } from './within.js';

/** Options of {@link ControlCache}. */
export interface ControlCacheOptions {
  /** The control log and the states it results in: the primary database, or a relay in front of it. */
  readonly log: ControlLog;
  /** Values and notifications of other processes. @default none: values come from the database, changes with the next poll */
  readonly sharedCache?: SharedCache | undefined;
  /**
   * Maximum age of the state, in ms. An older state is unknown, which closes AI flags. A shorter time closes sooner when the
   * database can't be read. At least 500. @default 5000
   */
  readonly maxStaleness?: number | undefined;
  /** Interval between readings of the log, in ms, while notifications arrive; half of it otherwise. @default 1000 */
  readonly pollInterval?: number | undefined;
  /**
   * Maximum number of consents and choices in memory, about 150 bytes each. One tenant counts as a quarter of them at most, so
   * that a larger tenant is cached too. @default 300000
   */
  readonly mostEntries?: number | undefined;
  /** Maximum wait of one evaluation for data that has to be fetched, in ms; then the state is unknown. @default 1000 */
  readonly patience?: number | undefined;
  /**
   * Timeout of one reading of the log, in ms; then it is retried. The store has shorter timeouts of its own. @default 10000
   */
  readonly readTimeout?: number | undefined;
  /** @default the system's */
  readonly clocks?: Clocks | undefined;
  /** Meter of the metrics. @default OpenTelemetry's global meter provider, which does nothing unless the service sets one */
  readonly meter?: Meter | undefined;
  readonly logger?: { warn(message: string): void } | undefined;
}

/** Tenants whose last change is remembered. */
const MAX_CHANGES = 50_000;
/** Maximum wait for the first reading: tables may have to be created. */
const START_TIMEOUT_MS = 10_000;
/** Fetches of a tenant that changes while it is fetched. */
const MAX_ATTEMPTS = 3;

/**
 * The control state in the memory of one process. It follows the control log, and returns a state only while it can prove
 * that the state is at most `maxStaleness` old.
 */
export class ControlCache implements ControlSource {
  readonly #log: ControlLog;
  readonly #sharedCache: SharedCache | undefined;
  readonly #maxStaleness: number;
  readonly #patience: number;
  readonly #readTimeout: number;
  readonly #clocks: Clocks;
  readonly #state: FollowedState;
  readonly #follower: Follower;
  readonly #listeners = new Set<(change: ControlChanged) => void>();
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #stopObserving: () => void;
  readonly #unsubscribe: (() => void) | undefined;
  readonly #warn: (message: string) => void;
  readonly #loggedProblems = new Set<string>();
  #started: Promise<void> | undefined;
  #revision = { applied: -1, epoch: '', text: '' };
  readonly counts: CacheCounts = {
    hits: 0,
    absent: 0,
    stale: 0,
    ahead: 0,
    fromSharedCache: 0,
    fromDatabase: 0,
    closedForUnknown: 0,
  };

  constructor(options: ControlCacheOptions) {
    const { log, sharedCache, maxStaleness = 5_000, pollInterval = 1_000, mostEntries = 300_000 } = options;
    this.#log = log;
    this.#sharedCache = sharedCache;
    this.#maxStaleness = maxStaleness;
    this.#patience = options.patience ?? 1_000;
    this.#readTimeout = options.readTimeout ?? 10_000;
    this.#clocks = options.clocks ?? SYSTEM_CLOCKS;
    this.#warn = (message) => options.logger?.warn(`rampart: ${message}`);
    this.#state = new FollowedState({ maxEntries: mostEntries, maxChanges: MAX_CHANGES });
    this.#follower = new Follower({
      log,
      state: this.#state,
      clocks: this.#clocks,
      // Jitter, so that the processes of a fleet don't read at the same time.
      interval: () => (sharedCache?.push().connected ? pollInterval : pollInterval / 2) * (0.9 + 0.1 * Math.random()),
      readTimeout: this.#readTimeout,
      warn: this.#warn,
      onRead: () => this.#notify(),
    });
    this.#unsubscribe = sharedCache?.subscribe(({ epoch, position }) => this.#follower.onNotification(epoch, position));
    this.#stopObserving = observe(this, options.meter);
  }

  /** Starts to follow the log. Resolves when the first reading has succeeded or failed, or after 10 s. Never rejects. */
  start(): Promise<void> {
    this.#started ??= waitAtMost(START_TIMEOUT_MS, this.#follower.start());
    return this.#started;
  }

  /** Stops following the log. The state is unknown once it is older than `maxStaleness`. */
  async close(): Promise<void> {
    this.#follower.stop();
    this.#unsubscribe?.();
    this.#stopObserving();
    await this.#sharedCache?.close();
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    const age = this.#follower.age();
    const shared = this.#state.shared;
    if (age === undefined || age > this.#maxStaleness || shared === undefined) return this.#countMiss('stale');
    if (atLeast !== undefined && !this.#hasReached(atLeast)) return this.#countMiss('ahead');
    const tenant = tenantId === undefined ? EMPTY_TENANT : this.#state.tenant(tenantId);
    if (tenant === undefined) return this.#countMiss('absent');
    this.counts.hits += 1;
    const { models, kills, modeCaps, confidenceFloors, calibrations } = shared;
    return {
      revision: this.#currentRevision(),
      models,
      kills,
      modeCaps,
      confidenceFloors,
      calibrations,
      tenant: tenant.overrides === undefined ? tenant : this.#withoutEnded(tenant),
    };
  }

  /** Notifies of changed tenants once the log is applied up to its head. Errors of a listener are logged. */
  subscribe(listener: (change: ControlChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  load(tenantId: string | undefined, atLeast?: string): Promise<void> {
    return this.#waitForData(this.#load(tenantId, atLeast));
  }

  /** Notifies every process that the log reached a position, and reads it here. Resolves when this process has applied it. */
  async announce(position: LogPosition): Promise<void> {
    this.#sharedCache?.announce(position);
    await this.#waitForData(this.#reach(position));
  }

  /** Deletes an erased tenant from the shared cache. Processes drop it when they read the log entry of the erasure. */
  async forget(tenantId: string): Promise<void> {
    await this.#sharedCache?.forget(tenantId);
  }

  closedForUnknown(): void {
    this.counts.closedForUnknown += 1;
  }

  /** The current time of the database's clock, as a range; undefined without a fresh state. */
  databaseTime(): ClockRange | undefined {
    return this.#follower.databaseTime();
  }

  /** How fresh the cache is now. */
  status(): CacheStatus {
    const age = this.#follower.age();
    const lostAt = this.#sharedCache?.push().lostAt;
    return {
      provable: age !== undefined && age <= this.#maxStaleness && this.#state.shared !== undefined,
      proofAge: age,
      revision: this.#state.epoch === undefined ? undefined : this.#currentRevision(),
      lag: this.#follower.head - this.#state.applied,
      pushLostFor: lostAt === undefined ? undefined : this.#clocks.monotonic() - lostAt,
      tenants: this.#state.tenants,
    };
  }

  async #load(tenantId: string | undefined, atLeast: string | undefined): Promise<void> {
    void this.start();
    const revision = atLeast === undefined ? undefined : parseRevision(atLeast);
    if (revision !== undefined) await this.#reach(revision);
    const age = this.#follower.age();
    if (age === undefined || age > this.#maxStaleness) await this.#follower.read();
    if (tenantId === undefined || this.#state.shared === undefined || this.#state.tenant(tenantId) !== undefined)
      return;
    await this.#fetch(tenantId);
  }

  // A reading in progress may have started before the position was written: then read again.
  async #reach({ epoch, position }: LogPosition): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (epoch === this.#state.epoch && position <= this.#state.applied) return;
      if (!(await this.#follower.read())) return;
    }
  }

  #fetch(tenantId: string): Promise<void> {
    let fetching = this.#fetching.get(tenantId);
    if (fetching === undefined) {
      fetching = this.#refetch(tenantId);
      this.#fetching.set(tenantId, fetching);
    }
    return fetching;
  }

  async #refetch(tenantId: string): Promise<void> {
    try {
      const value = await this.#sharedCache?.getTenant(tenantId);
      if (value !== undefined && (await this.#accept(tenantId, value))) this.counts.fromSharedCache += 1;
      else await this.#fetchFromLog(tenantId);
    } catch (error) {
      this.#warnOfTenant(error);
    } finally {
      this.#fetching.delete(tenantId);
    }
  }

  // An invalid id is in the message, and comes with every request of its caller: each is logged once.
  #warnOfTenant(error: unknown): void {
    const subject = "the control state of a tenant can't be read";
    if (!isControlInputError(error)) {
      this.#warn(`${subject}: ${(error as Error).message}`);
      return;
    }
    const line = `${subject}: ${error.field}: ${error.fix}`;
    if (this.#loggedProblems.has(line)) return;
    this.#loggedProblems.add(line);
    this.#warn(line);
  }

  async #fetchFromLog(tenantId: string): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const snapshot = await within(this.#log.readTenant(tenantId), this.#readTimeout);
      this.counts.fromDatabase += 1;
      if (!(await this.#accept(tenantId, snapshot))) continue;
      this.#sharedCache?.putTenant(tenantId, snapshot);
      return;
    }
  }

  // A value may be ahead of the state here: then the log is read first, so that no entry is applied twice.
  async #accept(tenantId: string, snapshot: TenantSnapshot): Promise<boolean> {
    const { epoch, applied } = this.#state;
    if (snapshot.epoch === epoch && snapshot.position > applied) await this.#reach(snapshot);
    return this.#state.addTenant(tenantId, snapshot);
  }

  #hasReached(atLeast: string): boolean {
    const revision = parseRevision(atLeast);
    return revision !== undefined && revision.epoch === this.#state.epoch && revision.position <= this.#state.applied;
  }

  #countMiss(reason: 'stale' | 'ahead' | 'absent'): undefined {
    this.counts[reason] += 1;
    return undefined;
  }

  #currentRevision(): string {
    const { applied, epoch = '' } = this.#state;
    if (applied !== this.#revision.applied || epoch !== this.#revision.epoch)
      this.#revision = { applied, epoch, text: formatRevision({ epoch, position: applied }) };
    return this.#revision.text;
  }

  // By the database's clock: no clock of this machine can extend a force-on or shorten a force-off.
  #withoutEnded(tenant: TenantControl): TenantControl {
    const now = this.#follower.databaseTime();
    return now === undefined ? tenant : withoutEnded(tenant, now);
  }

  // An error of a listener must not count as a failed reading of the log.
  #notify(): void {
    const changed = this.#state.drainChanges();
    if (changed === undefined) return;
    for (const listener of this.#listeners) {
      try {
        listener(changed);
      } catch (error) {
        this.#warn(`a listener of the control state failed: ${(error as Error).name}`);
      }
    }
  }

  #waitForData(work: Promise<unknown>): Promise<void> {
    return waitAtMost(this.#patience, work);
  }
}

/** Resolves when the work is done, or after `milliseconds`. */
async function waitAtMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  try {
    await within(work, milliseconds);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}
