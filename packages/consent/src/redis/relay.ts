import type { ControlLog, LogBatch } from '@rampart/core';
import { createMac, type Mac } from '../mac.js';
import { type LinkSource, linkOf } from './client-source.js';
import type { RedisConnection } from './connection.js';
import { channelOf } from './names.js';
import type { RedisClient } from './redis-client.js';
import {
  encodeResponse,
  type HeadRequest,
  type RelayNames,
  readRequest,
  relayNames,
  writeEntry,
} from './relay-messages.js';

/** Options of {@link startRelay}. */
export interface RelayOptions extends LinkSource {
  /** The log in SQL. */
  readonly log: ControlLog;
  /** Where Redis is, or connections that others use too; those stay open. */
  readonly redis: RedisConnection | RedisClient;
  /** At least 32 characters, the same in every process. */
  readonly secret: string;
  /** Secrets whose signatures count too, while secrets are rotated. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  readonly environment: string;
  /** Interval of the checks for requests, in ms. Each causes one SQL read at most, and none without requests. @default 200 */
  readonly interval?: number | undefined;
}

/** What a relay did so far. */
export interface RelayCounts {
  /** Readings of the log in SQL. */
  readonly reads: number;
  readonly answers: number;
  /** Readings that failed. */
  readonly failures: number;
}

/** Reads the log for everybody else. */
export interface Relay {
  counts(): RelayCounts;
  /** Idempotent. */
  stop(): Promise<void>;
}

const DEFAULT_INTERVAL = 200;
/** Delay of the check after a change was announced. */
const DEBOUNCE_MS = 20;
/** Questions taken at once. */
export const MAX_REQUESTS = 10_000;
/** Entries kept in Redis, read at once, and how long they are kept without new ones, in ms. */
const RETAINED = { entries: 10_000, atOnce: 1_000, lifetime: 86_400_000 };

/**
 * Starts a relay. A few in a fleet of thousands suffice; followers whose question none answers ask SQL themselves.
 *
 * @throws TypeError when an option can't be used
 */
export function startRelay(options: RelayOptions): Relay {
  const { interval = DEFAULT_INTERVAL } = options;
  if (!(Number.isFinite(interval) && interval > 0))
    throw new TypeError(`interval = ${interval}: use milliseconds above 0`);
  const relay = new SqlRelay(options);
  relay.start(interval);
  return relay;
}

/** A relay over a SQL log. */
export class SqlRelay implements Relay {
  readonly #log: ControlLog;
  readonly #link: RedisClient;
  readonly #isOwn: boolean;
  readonly #mac: Mac;
  readonly #names: RelayNames;
  readonly #environment: string;
  readonly #warn: (message: string) => void;
  readonly #counts = { reads: 0, answers: 0, failures: 0 };
  #epoch: string | undefined;
  #kept = Number.MAX_SAFE_INTEGER;
  #hasKept = false;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isHinted = false;
  #stopped = false;
  #unlisten: (() => void) | undefined;

  constructor(options: RelayOptions) {
    this.#mac = createMac({ ...options, purpose: 'rampart relay' });
    const { link, isOwn } = linkOf(options);
    this.#link = link;
    this.#isOwn = isOwn;
    this.#log = options.log;
    this.#environment = options.environment;
    this.#names = relayNames(options.environment);
    this.#warn = (message) => options.logger?.warn(message);
  }

  start(interval: number): void {
    // After a hint many ask, and want to know soon.
    this.#unlisten = this.#link.listen(channelOf(this.#environment, 'log'), () => {
      if (this.#isHinted) return;
      this.#isHinted = true;
      if (this.#round === undefined) this.#next(interval);
    });
    this.#next(interval);
  }

  counts(): RelayCounts {
    return { ...this.#counts };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#unlisten?.();
    await this.#round;
    if (this.#isOwn) await this.#link.close();
  }

  /** Takes what was asked so far, reads the log, answers. In this order: who asked before it was read learns of all before. */
  async round(): Promise<void> {
    const questions = await this.#take();
    if (questions.length === 0) return;
    const batch = await this.#read();
    if (batch === undefined) return;
    await this.#keep(batch);
    const answered = questions.map(({ follower, nonce }) =>
      this.#link.publish(this.#names.answers(follower), encodeResponse(this.#mac, nonce, batch)),
    );
    this.#counts.answers += (await Promise.all(answered)).filter(Boolean).length;
  }

  #next(interval: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const run = (): void => {
      this.#isHinted = false;
      this.#round = this.round().finally(() => {
        this.#round = undefined;
        this.#next(interval);
      });
    };
    this.#timer = setTimeout(run, this.#isHinted ? Math.min(DEBOUNCE_MS, interval) : interval);
    this.#timer.unref();
  }

  async #take(): Promise<readonly HeadRequest[]> {
    const texts = await this.#link.send('lpop', this.#names.questions, MAX_REQUESTS);
    return Array.isArray(texts) ? texts.map(readRequest).filter((question) => question !== undefined) : [];
  }

  async #read(): Promise<LogBatch | undefined> {
    try {
      this.#counts.reads++;
      const batch = await this.#log.readLog(this.#kept, RETAINED.atOnce);
      this.#isFailing = false;
      return batch;
    } catch (error) {
      this.#counts.failures++;
      if (!this.#isFailing) this.#warn(`the relay can't read the control log: ${(error as Error).message}`);
      this.#isFailing = true;
      return undefined;
    }
  }

  async #keep({ epoch, head, entries }: LogBatch): Promise<void> {
    const isRewound = epoch === this.#epoch && head < this.#kept;
    this.#epoch = epoch;
    this.#kept = entries.at(-1)?.position ?? head;
    if (entries.length === 0 && !isRewound && this.#hasKept) return;
    // What was erased stands in the entries before: also in those of earlier relays, where none ran when it was erased.
    const isReset = !this.#hasKept || isRewound || entries.some(({ effect }) => effect.kind === 'forget');
    const texts = entries.flatMap((entry) => [entry.position, writeEntry(this.#mac, epoch, entry)]);
    const oldest = head - RETAINED.entries;
    await this.#link.run(
      'rampartKeep',
      this.#names.entries(epoch),
      isReset ? 1 : 0,
      oldest,
      RETAINED.lifetime,
      ...texts,
    );
    this.#hasKept = true;
  }
}
