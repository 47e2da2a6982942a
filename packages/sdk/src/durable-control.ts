import type { CacheStatus, ChangeNotifier, ControlCache, RedisClient } from '@rampart/consent';
import type { ClockRange, ControlChange, ControlChanged, ControlSource, ControlView } from '@rampart/core';
import type { ControlStore, DataSubject, RecordedEntry, Write } from '@rampart/store';
import { settlesWithin } from '@rampart/unleash';

/** How long closing waits for Redis and the database, in ms. */
const MAX_CLOSE_MS = 4_000;

/** The parts of a {@link DurableControl}. */
export interface DurableControlParts {
  readonly store: ControlStore;
  readonly cache: ControlCache;
  /** Brings the tables up to date. */
  readonly ready: () => Promise<void>;
  /** Names the set of processes that share one Redis and one database. */
  readonly environment: string;
  /** The connections to Redis, where there is one. */
  readonly redis?: RedisClient | undefined;
  readonly hints?: ChangeNotifier | undefined;
  /** Whether the provider that uses it closes it. */
  readonly owned: boolean;
  /** What else is closed with it, before the store. */
  readonly alsoClose: () => Promise<void>;
}

/**
 * Consent, kill switches and the rest of the control state, recorded in SQL and at hand in this process. Questions are
 * answered from what is shown to be fresh; a change is in force everywhere once it is recorded and pushed.
 */
export class DurableControl implements ControlSource {
  /** Records, histories, audit: everything that is not asked with each decision. A change of one's own goes through {@link apply}. */
  readonly store: ControlStore;
  /** Names the set of processes that share one Redis and one database. */
  readonly environment: string;
  /** The connections to Redis, for what else is shared through it; they end with this. Undefined without Redis. */
  readonly redis: RedisClient | undefined;
  /** Says to the other processes that something is worth a look. Undefined without Redis. */
  readonly hints: ChangeNotifier | undefined;
  readonly #parts: DurableControlParts;
  #closing: Promise<void> | undefined;

  constructor(parts: DurableControlParts) {
    this.store = parts.store;
    this.environment = parts.environment;
    this.redis = parts.redis;
    this.hints = parts.hints;
    this.#parts = parts;
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    return this.#parts.cache.read(tenantId, atLeast);
  }

  load(tenantId: string | undefined, atLeast?: string): Promise<void> {
    return this.#parts.cache.load(tenantId, atLeast);
  }

  subscribe(listener: (change: ControlChanged) => void): () => void {
    return this.#parts.cache.subscribe(listener);
  }

  start(): Promise<void> {
    return this.#parts.cache.start();
  }

  closedForUnknown(): void {
    this.#parts.cache.closedForUnknown();
  }

  /** Resolves when the tables are up to date; rejects with a `StoreError` that says what is in the way. */
  ready(): Promise<void> {
    return this.#parts.ready();
  }

  /**
   * Records a change and tells every process. Resolves once it is durable; the next question here sees it, and so does one
   * anywhere that passes the revision.
   *
   * @throws OutcomeUnknownError where the connection broke after the commit was sent: the change may be recorded. Repeat the
   *   same call with the `id` of the error as `write.id`: it is recorded at most once, and the answer names the entry.
   * @throws ReusedIdError where `write.id` belongs to another change, actor or reason: nothing was recorded
   * @throws ControlInputError, ConflictError, any other StoreError: nothing was recorded
   */
  async apply(change: ControlChange, write: Write): Promise<RecordedEntry> {
    await this.ready();
    return this.#announce(await this.store.apply(change, write));
  }

  /** Deletes everything stored about a tenant or a user, and tells every process to forget it. */
  async erase(subject: DataSubject, write: Pick<Write, 'actor' | 'reason' | 'id'>): Promise<RecordedEntry> {
    await this.ready();
    const applied = await this.#announce(await this.store.erase(subject, write));
    await this.#parts.cache.forget(subject.tenant);
    return applied;
  }

  /** What the database's clock says now, as a range; undefined before the first reading of the log, and where it is too old. */
  databaseTime(): ClockRange | undefined {
    return this.#parts.cache.databaseTime();
  }

  /** How fresh the state in this process is. */
  status(): CacheStatus {
    return this.#parts.cache.status();
  }

  /** Called by the provider when it closes. */
  async stop(): Promise<void> {
    if (this.#parts.owned) await this.close();
  }

  /** Stops following and closes every connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #announce(applied: RecordedEntry): Promise<RecordedEntry> {
    await this.#parts.cache.announce(applied);
    return applied;
  }

  // A silent Redis or database must not keep the process: each part ends its connections by itself, later.
  #close(): Promise<void> {
    return settlesWithin(MAX_CLOSE_MS, this.#closeParts());
  }

  async #closeParts(): Promise<void> {
    await this.#parts.cache.close();
    await this.#parts.alsoClose();
    await this.store.close();
  }
}
