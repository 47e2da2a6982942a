import { randomBytes } from 'node:crypto';
import type { ControlLog, LogBatch, LogEntry, SharedSnapshot, TenantSnapshot } from '@rampart/core';
import { createMac, type Mac } from '../mac.js';
import { type LinkSource, linkOf } from './client-source.js';
import type { RedisConnection } from './connection.js';
import type { RedisClient } from './redis-client.js';
import { MAX_REQUESTS } from './relay.js';
import {
  type RelayedHead,
  type RelayNames,
  readAnswer,
  readEntry,
  relayNames,
  writeQuestion,
} from './relay-messages.js';

/** Options of {@link RelayedLog}. */
export interface RelayedLogOptions extends LinkSource {
  /** The log in SQL, asked for what the relays don't tell, and when they don't. */
  readonly log: ControlLog;
  /** Where Redis is, or connections that others use too; those stay open. */
  readonly redis: RedisConnection | RedisClient;
  /** At least 32 characters, the same in every process. */
  readonly secret: string;
  /** Secrets whose signatures count too, while secrets are rotated. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  readonly environment: string;
  /** Longest wait for a relay, in ms; more than the relays' interval. @default 700 */
  readonly patience?: number | undefined;
}

/** Where answers came from so far. */
export interface RelayedCounts {
  /** Readings that cost SQL nothing. */
  readonly relayed: number;
  /** Readings that SQL answered. */
  readonly fallbacks: number;
  /** Questions that no relay answered in time. */
  readonly unanswered: number;
  /** Answers that no relay gave. */
  readonly forged: number;
}

const DEFAULT_PATIENCE = 700;
/** How long relays are not asked after one didn't answer, and how long a question waits for one, in ms. */
const RETRY_DELAY_MS = 5_000;

/**
 * The control log, read by relays for whole fleets. An answer counts only if it names the random number that this process
 * left after it was asked: it can't be older than the question, whatever is delayed, replayed or rolled back in between.
 */
export class RelayedLog implements ControlLog {
  readonly #log: ControlLog;
  readonly #link: RedisClient;
  readonly #isOwn: boolean;
  readonly #mac: Mac;
  readonly #names: RelayNames;
  readonly #patience: number;
  readonly #follower = randomBytes(12).toString('base64url');
  readonly #waiting = new Map<string, (answer: RelayedHead | undefined) => void>();
  readonly #counts = { relayed: 0, fallbacks: 0, unanswered: 0, forged: 0 };
  readonly #unlisten: () => void;
  #asking: Promise<RelayedHead | undefined> | undefined;
  #pausedUntil = 0;

  /** @throws TypeError when an option can't be used */
  constructor(options: RelayedLogOptions) {
    const { log, environment, patience = DEFAULT_PATIENCE } = options;
    if (!(Number.isFinite(patience) && patience > 0))
      throw new TypeError(`patience = ${patience}: use milliseconds above 0`);
    this.#mac = createMac({ ...options, purpose: 'rampart relay' });
    const { link, isOwn } = linkOf(options);
    this.#log = log;
    this.#link = link;
    this.#isOwn = isOwn;
    this.#names = relayNames(environment);
    this.#patience = patience;
    this.#unlisten = link.listen(this.#names.answers(this.#follower), (text) => this.#onMessage(text));
  }

  async readLog(after: number, limit: number): Promise<LogBatch> {
    const answer = await this.#ask();
    const entries = answer && (await this.#entries(answer, after, limit));
    if (answer === undefined || entries === undefined) {
      this.#counts.fallbacks++;
      return this.#log.readLog(after, limit);
    }
    this.#counts.relayed++;
    return { epoch: answer.epoch, head: answer.head, now: answer.now, entries };
  }

  readTenant(tenantId: string): Promise<TenantSnapshot> {
    return this.#log.readTenant(tenantId);
  }

  readShared(): Promise<SharedSnapshot> {
    return this.#log.readShared();
  }

  counts(): RelayedCounts {
    return { ...this.#counts };
  }

  /** Questions under way go to SQL. Idempotent. */
  async close(): Promise<void> {
    this.#unlisten();
    for (const settle of this.#waiting.values()) settle(undefined);
    if (this.#isOwn) await this.#link.close();
  }

  // A request that was sent can't be joined: the log may have been read before the later call.
  #ask(): Promise<RelayedHead | undefined> {
    if (performance.now() < this.#pausedUntil || !this.#link.isUsable() || !this.#link.push().connected) {
      return Promise.resolve(undefined);
    }
    this.#asking ??= Promise.resolve().then(() => {
      this.#asking = undefined;
      return this.#askNow();
    });
    return this.#asking;
  }

  async #askNow(): Promise<RelayedHead | undefined> {
    const nonce = randomBytes(16).toString('base64url');
    const answer = new Promise<RelayedHead | undefined>((resolve) => {
      const timer = setTimeout(() => {
        this.#counts.unanswered++;
        this.#pausedUntil = performance.now() + RETRY_DELAY_MS;
        settle(undefined);
      }, this.#patience);
      const settle = (head: RelayedHead | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(nonce);
        resolve(head);
      };
      this.#waiting.set(nonce, settle);
    });
    const question = writeQuestion({ follower: this.#follower, nonce });
    const left = await this.#link.run('rampartWait', this.#names.questions, question, MAX_REQUESTS, RETRY_DELAY_MS);
    if (left === undefined) this.#waiting.get(nonce)?.(undefined);
    return answer;
  }

  #onMessage(text: string): void {
    const answer = readAnswer(this.#mac, text);
    if (answer === undefined) this.#counts.forged++;
    // Nobody waits for an answer that comes again.
    else this.#waiting.get(answer.nonce)?.(answer);
  }

  /** Those from after a position to the head, at most `limit`; undefined where one is missing or forged. */
  async #entries({ epoch, head }: RelayedHead, after: number, limit: number): Promise<readonly LogEntry[] | undefined> {
    const last = Math.min(head, after + limit);
    if (last <= after) return [];
    const texts = await this.#link.send('zrangebyscore', this.#names.entries(epoch), after + 1, last);
    if (!Array.isArray(texts) || texts.length !== last - after) return undefined;
    const entries = texts.map((text) => readEntry(this.#mac, epoch, text));
    return entries.every((entry, index): entry is LogEntry => entry?.position === after + 1 + index)
      ? entries
      : undefined;
  }
}
