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
import type { SecondLevel } from './second-level.js';
import { TimeoutError, within } from './within.js';

/** Options of {@link ControlCache}. */
export interface ControlCacheOptions {
  /** The control log and what it adds up to: the primary database, or a relay before it. */
  readonly log: ControlLog;
  /** Values and hints of other processes. @default none: every value comes from the database, every change with the next poll */
  readonly second?: SecondLevel | undefined;
  /**
   * How old the proof may be that nothing newer is recorded, in ms. What can't be shown younger is unknown, which closes.
   * Shorter closes sooner when the database can't be read. At least 500. @default 5000
   */
  readonly maxStaleness?: number | undefined;
  /** How often the log is read while hints arrive, in ms; twice as often while none do. @default 1000 */
  readonly pollInterval?: number | undefined;
  /**
   * How many consents and choices are held in memory, about 150 bytes each. One tenant counts as a quarter of them at most, so
   * that a tenant with more is held too. @default 300000
   */
  readonly mostEntries?: number | undefined;
  /** How long one question waits for what has to be fetched, in ms. Then it is unknown. @default 1000 */
  readonly patience?: number | undefined;
  /**
   * Longest wait for one answer of the log, in ms; then the reading counts as failed and is tried again. A backstop for a log
   * that never answers: the store has shorter deadlines of its own. @default 10000
   */
  readonly readTimeout?: number | undefined;
  /** @default the system's */
  readonly clocks?: Clocks | undefined;
  /** Where metrics go. @default the meter provider that OpenTelemetry's API knows: none, unless the service sets one */
  readonly meter?: Meter | undefined;
  readonly logger?: { warn(message: string): void } | undefined;
}

/** How many tenants' last changes are remembered. */
const MOST_CHANGES = 50_000;
/** How long a start waits for a first reading: tables may have to be created. In ms. */
const START_PATIENCE = 10_000;
/** A value is fetched again when the tenant changed meanwhile; so often at most. */
const MOST_ATTEMPTS = 3;

/**
 * The control state at hand in one process. It follows the control log, and answers only while it can show that nothing
 * newer was recorded more than `maxStaleness` ago.
 */
export class ControlCache implements ControlSource {
  readonly #log: ControlLog;
  readonly #second: SecondLevel | undefined;
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
  readonly #said = new Set<string>();
  #started: Promise<void> | undefined;
  #revision = { applied: -1, epoch: '', text: '' };
  readonly counts: CacheCounts = {
    hits: 0,
    absent: 0,
    stale: 0,
    ahead: 0,
    fromSecondLevel: 0,
    fromDatabase: 0,
    closedForUnknown: 0,
  };

  constructor(options: ControlCacheOptions) {
    const { log, second, maxStaleness = 5_000, pollInterval = 1_000, mostEntries = 300_000 } = options;
    this.#log = log;
    this.#second = second;
    this.#maxStaleness = maxStaleness;
    this.#patience = options.patience ?? 1_000;
    this.#readTimeout = options.readTimeout ?? 10_000;
    this.#clocks = options.clocks ?? SYSTEM_CLOCKS;
    this.#warn = (message) => options.logger?.warn(`rampart: ${message}`);
    this.#state = new FollowedState({ mostEntries, mostChanges: MOST_CHANGES });
    this.#follower = new Follower({
      log,
      state: this.#state,
      clocks: this.#clocks,
      // A little apart, so that the processes of a fleet don't ask in step.
      interval: () => (second?.push().connected ? pollInterval : pollInterval / 2) * (0.9 + 0.1 * Math.random()),
      readTimeout: this.#readTimeout,
      warn: this.#warn,
      onRead: () => this.#tell(),
    });
    this.#unsubscribe = second?.subscribe(({ epoch, position }) => this.#follower.hint(epoch, position));
    this.#stopObserving = observe(this, options.meter);
  }

  /** Begins to follow; resolves when the first reading has succeeded or failed, or after 10 s. Never rejects. */
  start(): Promise<void> {
    this.#started ??= patiently(START_PATIENCE, this.#follower.start());
    return this.#started;
  }

  /** Stops following. What is known ages, and then is unknown. */
  async close(): Promise<void> {
    this.#follower.stop();
    this.#unsubscribe?.();
    this.#stopObserving();
    await this.#second?.close();
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    const age = this.#follower.age();
    const shared = this.#state.shared;
    if (age === undefined || age > this.#maxStaleness || shared === undefined) return this.#missed('stale');
    if (atLeast !== undefined && !this.#reached(atLeast)) return this.#missed('ahead');
    const tenant = tenantId === undefined ? EMPTY_TENANT : this.#state.tenant(tenantId);
    if (tenant === undefined) return this.#missed('absent');
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

  /** Tells whose state has changed, once the log is folded in up to its head. A listener that throws is logged. */
  subscribe(listener: (change: ControlChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  load(tenantId: string | undefined, atLeast?: string): Promise<void> {
    return this.#patiently(this.#load(tenantId, atLeast));
  }

  /** Tells every process that the log has got this far, and reads it here. Resolves when it is known here. */
  async announce(position: LogPosition): Promise<void> {
    this.#second?.announce(position);
    await this.#patiently(this.#reach(position));
  }

  /** Takes away what lies of an erased tenant in the second level; processes drop it when they read of the erasure. */
  async forget(tenantId: string): Promise<void> {
    await this.#second?.forget(tenantId);
  }

  closedForUnknown(): void {
    this.counts.closedForUnknown += 1;
  }

  /** What the database's clock says now, as a range; undefined where there is no proof. */
  databaseTime(): ClockRange | undefined {
    return this.#follower.databaseTime();
  }

  /** How fresh the cache is now. */
  status(): CacheStatus {
    const age = this.#follower.age();
    const lostAt = this.#second?.push().lostAt;
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
    const wanted = atLeast === undefined ? undefined : parseRevision(atLeast);
    if (wanted !== undefined) await this.#reach(wanted);
    const age = this.#follower.age();
    if (age === undefined || age > this.#maxStaleness) await this.#follower.read();
    if (tenantId === undefined || this.#state.shared === undefined || this.#state.tenant(tenantId) !== undefined)
      return;
    await this.#fetch(tenantId);
  }

  // A reading that was under way may have begun before the position was written: then once more.
  async #reach({ epoch, position }: LogPosition): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (epoch === this.#state.epoch && position <= this.#state.applied) return;
      if (!(await this.#follower.read())) return;
    }
  }

  #fetch(tenantId: string): Promise<void> {
    let fetching = this.#fetching.get(tenantId);
    if (fetching === undefined) {
      fetching = this.#fetchAnew(tenantId);
      this.#fetching.set(tenantId, fetching);
    }
    return fetching;
  }

  async #fetchAnew(tenantId: string): Promise<void> {
    try {
      const left = await this.#second?.getTenant(tenantId);
      if (left !== undefined && (await this.#accept(tenantId, left))) this.counts.fromSecondLevel += 1;
      else await this.#fetchFromLog(tenantId);
    } catch (error) {
      this.#warnOfTenant(error);
    } finally {
      this.#fetching.delete(tenantId);
    }
  }

  // The message of an id that can't be used repeats it, and whoever asks with such an id asks again.
  #warnOfTenant(error: unknown): void {
    const what = "what is recorded of a tenant can't be read";
    if (!isControlInputError(error)) {
      this.#warn(`${what}: ${(error as Error).message}`);
      return;
    }
    const line = `${what}: ${error.field}: ${error.fix}`;
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#warn(line);
  }

  async #fetchFromLog(tenantId: string): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const snapshot = await within(this.#log.readTenant(tenantId), this.#readTimeout);
      this.counts.fromDatabase += 1;
      if (!(await this.#accept(tenantId, snapshot))) continue;
      this.#second?.putTenant(tenantId, snapshot);
      return;
    }
  }

  // A value may be ahead of what is folded in here: then the log is read first, so that none of it is folded in twice.
  async #accept(tenantId: string, snapshot: TenantSnapshot): Promise<boolean> {
    const { epoch, applied } = this.#state;
    if (snapshot.epoch === epoch && snapshot.position > applied) await this.#reach(snapshot);
    return this.#state.accept(tenantId, snapshot);
  }

  #reached(atLeast: string): boolean {
    const wanted = parseRevision(atLeast);
    return wanted !== undefined && wanted.epoch === this.#state.epoch && wanted.position <= this.#state.applied;
  }

  #missed(why: 'stale' | 'ahead' | 'absent'): undefined {
    this.counts[why] += 1;
    return undefined;
  }

  #currentRevision(): string {
    const { applied, epoch = '' } = this.#state;
    if (applied !== this.#revision.applied || epoch !== this.#revision.epoch)
      this.#revision = { applied, epoch, text: formatRevision({ epoch, position: applied }) };
    return this.#revision.text;
  }

  // By the clock of the database: no clock of this machine can prolong a force-on, or shorten a force-off.
  #withoutEnded(tenant: TenantControl): TenantControl {
    const now = this.#follower.databaseTime();
    return now === undefined ? tenant : withoutEnded(tenant, now);
  }

  // A listener that throws must not look like a log that can't be read.
  #tell(): void {
    const changed = this.#state.takeChanged();
    if (changed === undefined) return;
    for (const listener of this.#listeners) {
      try {
        listener(changed);
      } catch (error) {
        this.#warn(`a listener of the control state failed: ${(error as Error).name}`);
      }
    }
  }

  #patiently(work: Promise<unknown>): Promise<void> {
    return patiently(this.#patience, work);
  }
}

/** Resolves when the work is done, or after so many milliseconds. */
async function patiently(milliseconds: number, work: Promise<unknown>): Promise<void> {
  try {
    await within(work, milliseconds);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}
