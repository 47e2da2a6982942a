import type { ClockRange, ControlLog, LogEntry, SharedSnapshot } from '@rampart/core';
import { ageOf, type Clocks, leastAgeOf, type Moment, momentOf } from './clocks.js';
import type { FollowedState } from './followed-state.js';
import { within } from './within.js';

/** Proof that everything up to the head of the log, read after a moment, was folded in. */
export interface Lease {
  /** Noted before the head was asked for: what was acknowledged by then is in. */
  readonly since: Moment;
  /** Noted when the answer was there. */
  readonly answered: Moment;
  /** The database's wall clock at some time between the two, in ms since 1970. */
  readonly databaseNow: number;
}

/** Options of {@link Follower}. */
export interface FollowerOptions {
  readonly log: ControlLog;
  readonly state: FollowedState;
  readonly clocks: Clocks;
  /** How long until the log is read again, in ms. */
  readonly interval: () => number;
  /** Longest wait for one answer of the log, in ms. */
  readonly readTimeout: number;
  readonly warn: (message: string) => void;
  /** Told when the log has been read up to its head. */
  readonly onRead?: (() => void) | undefined;
}

/** Entries read at once. */
const MOST_ENTRIES = 1_000;
/** How many entries before the state a process starts from are looked at, so that values others fetched earlier count. */
const TAIL = 5_000;
/** The pause after a failure, in ms. */
const PAUSE = 250;

/** Follows the log: reads it again and again, and at once when it is told to. One reading at a time. */
export class Follower {
  readonly #log: ControlLog;
  readonly #state: FollowedState;
  readonly #clocks: Clocks;
  readonly #interval: () => number;
  readonly #readTimeout: number;
  readonly #warn: (message: string) => void;
  readonly #onRead: (() => void) | undefined;
  #lease: Lease | undefined;
  #reading: Promise<boolean> | undefined;
  #again = false;
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

  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** The highest position anyone has told of, in this epoch. */
  get head(): number {
    return Math.max(this.#head, this.#state.applied);
  }

  /** Milliseconds since the proof, by whichever clock says more; undefined where there is none, or a clock went back. */
  age(): number | undefined {
    return this.#lease === undefined ? undefined : ageOf(this.#lease.since, this.#clocks);
  }

  /**
   * What the database's clock says now, as a range: it was read at an unknown time between question and answer, and the
   * clocks of this machine may disagree on what has passed since. Undefined where there is no proof.
   */
  databaseTime(): ClockRange | undefined {
    const age = this.age();
    if (this.#lease === undefined || age === undefined) return undefined;
    const { answered, databaseNow } = this.#lease;
    const earliest = databaseNow + leastAgeOf(answered, this.#clocks);
    return { earliest, latest: databaseNow + age };
  }

  /** Begins to follow; whether the first reading succeeded. */
  start(): Promise<boolean> {
    this.#running = true;
    return this.read();
  }

  /** Stops. A reading under way ends by itself. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Somebody says that the log has got this far: a hint, which is looked into. */
  hint(epoch: string, position: number): void {
    if (epoch !== this.#state.epoch || position <= this.#state.applied) return;
    this.#head = Math.max(this.#head, position);
    if (this.#reading === undefined) void this.read();
    else this.#again = true;
  }

  /**
   * Reads the log up to its head, or joins the reading under way; whether it succeeded. Right after a failure it is false
   * at once, so that many questions don't become as many attempts.
   */
  read(): Promise<boolean> {
    if (this.#reading !== undefined) return this.#reading;
    if (this.#justFailed()) return Promise.resolve(false);
    clearTimeout(this.#timer);
    this.#again = false;
    const reading = this.#readAll().finally(() => {
      this.#reading = undefined;
      // A reading of its own: whoever waits for this one would wait as long as hints keep coming.
      if (this.#again && this.#failedAt === undefined && this.head > this.#state.applied) void this.read();
      else this.#next();
    });
    this.#reading = reading;
    return reading;
  }

  // Less than nothing has passed where even the monotonic clock was put back, as in a virtual machine that was moved.
  #justFailed(): boolean {
    if (this.#failedAt === undefined) return false;
    const passed = this.#clocks.monotonic() - this.#failedAt;
    return passed >= 0 && passed < PAUSE;
  }

  async #readAll(): Promise<boolean> {
    try {
      if (!(await this.#catchUp())) await this.#beginAnew();
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

  /** Reads from where it stands; false where what is known doesn't fit the log any more. */
  async #catchUp(): Promise<boolean> {
    if (this.#state.shared === undefined) return false;
    for (;;) {
      const from = this.#state.applied;
      const since = momentOf(this.#clocks);
      const batch = await within(this.#log.readLog(from, MOST_ENTRIES), this.#readTimeout);
      const answered = momentOf(this.#clocks);
      const applied = this.#state.apply(batch);
      if (applied === 'broken') {
        this.#warn(`the control log does not simply go on after ${from}: everything is read again`);
        return false;
      }
      if (applied === 'caught_up') {
        this.#lease = { since, answered, databaseNow: batch.now };
        return true;
      }
    }
  }

  async #beginAnew(): Promise<void> {
    this.#lease = undefined;
    this.#state.reset();
    this.#head = 0;
    const snapshot = await within(this.#log.readShared(), this.#readTimeout);
    this.#state.begin(snapshot, await this.#readTail(snapshot));
    if (!(await this.#catchUp())) throw changedMeanwhile();
  }

  /** The last entries up to a position: as many as follow each other without a gap. */
  async #readTail({ epoch, position }: SharedSnapshot): Promise<readonly LogEntry[]> {
    let tail: LogEntry[] = [];
    let after = Math.max(0, position - TAIL);
    while (after < position) {
      const batch = await within(this.#log.readLog(after, MOST_ENTRIES), this.#readTimeout);
      const entries = batch.entries.filter((entry) => entry.position <= position);
      if (batch.epoch !== epoch || entries.length === 0) throw changedMeanwhile();
      for (const entry of entries) {
        // What is missing may have changed anyone.
        if (entry.position !== after + 1) tail = [];
        tail.push(entry);
        after = entry.position;
      }
    }
    return tail;
  }

  #next(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    const wait = this.#failedAt === undefined ? this.#interval() : PAUSE;
    this.#timer = setTimeout(() => void this.read(), wait);
    this.#timer.unref();
  }
}

const changedMeanwhile = (): Error => new Error('the log changed while it was read');
