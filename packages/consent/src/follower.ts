import type { ClockRange, ControlLog, LogEntry, SharedSnapshot } from '@rampart/core';
import { ageOf, type Clocks, type Moment, minAgeOf, momentOf } from './clocks.js';
import type { FollowedState } from './followed-state.js';
import { within } from './within.js';

/** Proof that the log was applied up to a head that was read after `since`. */
export interface FreshnessLease {
  /** Before the head was requested: entries that were acknowledged by then are applied. */
  readonly since: Moment;
  /** When the head arrived. */
  readonly answered: Moment;
  /** The database's wall clock at some time between the two, in ms since 1970. */
  readonly databaseNow: number;
}

/** Options of {@link Follower}. */
export interface FollowerOptions {
  readonly log: ControlLog;
  readonly state: FollowedState;
  readonly clocks: Clocks;
  /** Time until the next reading, in ms. */
  readonly interval: () => number;
  /** Timeout of one reading, in ms. */
  readonly readTimeout: number;
  readonly warn: (message: string) => void;
  /** Called when the log was applied up to its head. */
  readonly onRead?: (() => void) | undefined;
}

/** Entries of one reading. */
const MAX_BATCH_ENTRIES = 1_000;
/** Entries read before the starting position, so that older values of the shared cache can be used. */
const MAX_TAIL_ENTRIES = 5_000;
/** Delay after a failed reading. */
const RETRY_DELAY_MS = 250;

/** Follows the log: reads it at an interval, and at once after a notification. One reading at a time. */
export class Follower {
  readonly #log: ControlLog;
  readonly #state: FollowedState;
  readonly #clocks: Clocks;
  readonly #interval: () => number;
  readonly #readTimeout: number;
  readonly #warn: (message: string) => void;
  readonly #onRead: (() => void) | undefined;
  #lease: FreshnessLease | undefined;
  #reading: Promise<boolean> | undefined;
  #readAgain = false;
  #failedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #head = 0;

  constructor({ log, state, clocks, interval, readTimeout, warn, onRead }: FollowerOptions) {
    this.#log = log;
    this.#state = state;
    this.#clocks = clocks;
    this.#interval = interval;
    this.#readTimeout = readTimeout;
    this.#warn = warn;
    this.#onRead = onRead;
  }

  get lease(): FreshnessLease | undefined {
    return this.#lease;
  }

  /** The highest position that was read or notified, in this epoch. */
  get head(): number {
    return Math.max(this.#head, this.#state.applied);
  }

  /** Age of the proof in ms, by the clock that shows more; undefined without a proof, or if a clock was set back. */
  age(): number | undefined {
    return this.#lease === undefined ? undefined : ageOf(this.#lease.since, this.#clocks);
  }

  /**
   * The current time of the database's clock, as a range: it was read at an unknown time between request and response, and the
   * clocks of this machine may disagree on the time since. Undefined without a proof.
   */
  databaseTime(): ClockRange | undefined {
    const age = this.age();
    if (this.#lease === undefined || age === undefined) return undefined;
    const { answered, databaseNow } = this.#lease;
    const earliest = databaseNow + minAgeOf(answered, this.#clocks);
    return { earliest, latest: databaseNow + age };
  }

  /** Starts to follow. @returns whether the first reading succeeded */
  start(): Promise<boolean> {
    this.#running = true;
    return this.read();
  }

  /** Stops. A reading in progress ends by itself. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** A process says that the log reached a position: reads the log, since a notification proves nothing. */
  onNotification(epoch: string, position: number): void {
    if (epoch !== this.#state.epoch || position <= this.#state.applied) return;
    this.#head = Math.max(this.#head, position);
    if (this.#reading === undefined) void this.read();
    else this.#readAgain = true;
  }

  /**
   * Reads the log up to its head, or joins the reading in progress. @returns whether it succeeded; false at once shortly after
   * a failure, so that many evaluations don't cause as many attempts
   */
  read(): Promise<boolean> {
    if (this.#reading !== undefined) return this.#reading;
    if (this.#isInBackoff()) return Promise.resolve(false);
    clearTimeout(this.#timer);
    this.#readAgain = false;
    const reading = this.#readAll().finally(() => {
      this.#reading = undefined;
      // A separate reading: callers that wait for this one must not wait for as long as notifications arrive.
      if (this.#readAgain && this.#failedAt === undefined && this.head > this.#state.applied) void this.read();
      else this.#scheduleNext();
    });
    this.#reading = reading;
    return reading;
  }

  // A negative time means that the monotonic clock was set back, as in a virtual machine that was moved.
  #isInBackoff(): boolean {
    if (this.#failedAt === undefined) return false;
    const passed = this.#clocks.monotonic() - this.#failedAt;
    return passed >= 0 && passed < RETRY_DELAY_MS;
  }

  async #readAll(): Promise<boolean> {
    try {
      if (!(await this.#catchUp())) await this.#resync();
      if (this.#failedAt !== undefined) this.#warn('the control log can be read again');
      this.#failedAt = undefined;
      this.#onRead?.();
      return true;
    } catch (error) {
      if (this.#failedAt === undefined) this.#warn(`the control log can't be read: ${(error as Error).message}`);
      this.#failedAt = this.#clocks.monotonic();
      return false;
    }
  }

  /** Reads on from the applied position; false if the state doesn't match the log any more. */
  async #catchUp(): Promise<boolean> {
    if (this.#state.shared === undefined) return false;
    for (;;) {
      const from = this.#state.applied;
      const since = momentOf(this.#clocks);
      const batch = await within(this.#log.readLog(from, MAX_BATCH_ENTRIES), this.#readTimeout);
      const answered = momentOf(this.#clocks);
      const result = this.#state.apply(batch);
      if (result === 'broken') {
        this.#warn(`the control log does not continue after ${from}: reading it again from the start`);
        return false;
      }
      if (result === 'caught_up') {
        this.#lease = { since, answered, databaseNow: batch.now };
        return true;
      }
    }
  }

  async #resync(): Promise<void> {
    this.#lease = undefined;
    this.#state.reset();
    this.#head = 0;
    const snapshot = await within(this.#log.readShared(), this.#readTimeout);
    this.#state.begin(snapshot, await this.#readTail(snapshot));
    if (!(await this.#catchUp())) throw changedMeanwhile();
  }

  /** The last entries up to a position, without a gap. */
  async #readTail({ epoch, position }: SharedSnapshot): Promise<readonly LogEntry[]> {
    let tail: LogEntry[] = [];
    let after = Math.max(0, position - MAX_TAIL_ENTRIES);
    while (after < position) {
      const batch = await within(this.#log.readLog(after, MAX_BATCH_ENTRIES), this.#readTimeout);
      const entries = batch.entries.filter((entry) => entry.position <= position);
      if (batch.epoch !== epoch || entries.length === 0) throw changedMeanwhile();
      for (const entry of entries) {
        // The missing entries may have changed any tenant.
        if (entry.position !== after + 1) tail = [];
        tail.push(entry);
        after = entry.position;
      }
    }
    return tail;
  }

  #scheduleNext(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    const wait = this.#failedAt === undefined ? this.#interval() : RETRY_DELAY_MS;
    this.#timer = setTimeout(() => void this.read(), wait);
    this.#timer.unref();
  }
}

const changedMeanwhile = (): Error => new Error('the log changed while it was read');
