import { hash, randomUUID } from 'node:crypto';
import { type ControlInputError, type Decision, isControlInputError, type Subject } from '@rampart/core';
import type { AiAnswer, DurableControl, Measurement, PlainAnswer } from '@rampart/sdk';
import { LRUCache } from 'lru-cache';
import { storableId, storableLabels } from './storable.js';
import { Tally } from './tally.js';

/** Options of {@link ExposureLog}. */
export interface ExposureLogOptions {
  readonly control: Pick<DurableControl, 'ready' | 'store'>;
  readonly log: { warn(message: string): void };
  /** Most that wait to be recorded; those beyond are lost, and counted. @default 10000 */
  readonly most?: number | undefined;
  /** Longest wait of one, in ms. @default 1000 */
  readonly wait?: number | undefined;
}

/** A list that was given out, or that still stands. */
export interface GivenList {
  /** Names the answers and the caller; undefined where nothing does. */
  readonly digest: string | undefined;
  readonly answers: readonly (AiAnswer | PlainAnswer)[];
  /** Whether the caller sees a flag. */
  readonly isGiven: (flag: string) => boolean;
}

/** As many as one statement takes. */
const BATCH = 500;
/** How soon what a list gave is noted again, in ms: pages fetch theirs every few seconds. */
const REPEAT = 60_000;
/** Most that are known to have been noted; of those beyond, some are noted more often. */
const MOST_REPEATED = 50_000;

/**
 * Records who was given what, for the exposure audit: behind the answers, in batches. While the database is away as many are
 * kept as fit. What can't be stored of one is left out of it, so that it holds up no other; what is lost is said in the log.
 */
export class ExposureLog {
  readonly #options: ExposureLogOptions;
  readonly #most: number;
  readonly #wait: number;
  readonly #repeated = new LRUCache<string, true>({ max: MOST_REPEATED, ttl: REPEAT });
  /** Lists of which nothing is to be noted yet. */
  readonly #lists = new LRUCache<string, true>({ max: MOST_REPEATED, ttl: REPEAT });
  #waiting: Measurement[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  readonly #tally: Tally;
  #failing = false;

  constructor(options: ExposureLogOptions) {
    const { most = 10_000, wait = 1_000 } = options;
    this.#options = options;
    this.#most = most;
    this.#wait = wait;
    this.#tally = new Tally((line) => options.log.warn(line));
  }

  /** Notes a decision that was asked for; one that is not enabled is no exposure. */
  note(decision: Decision, subject: Subject): void {
    if (isExposure(decision)) this.#add(decision, subject);
  }

  /** Whether something of a list is to be noted again: one that still stands is not made for its caller, who has it on all the same. */
  isDue(digest: string): boolean {
    return !this.#lists.has(digest);
  }

  /** Notes what a list gave out, once a minute for the same subject, labels, change, variant and mode. */
  noteList({ digest, answers, isGiven }: GivenList): void {
    let next = REPEAT;
    for (const answer of answers) {
      if (answer.kind === 'plain' || !isExposure(answer.decision) || !isGiven(answer.name)) continue;
      next = Math.min(next, this.#noteListed(answer));
    }
    // Without an end it would be for ever.
    if (digest !== undefined) this.#lists.set(digest, true, { ttl: Math.max(next, 1) });
  }

  /** Returns how long it will not be noted again, in ms. */
  #noteListed({ decision, subject }: AiAnswer): number {
    const { feature, change, variant, mode } = decision;
    const same = [subject.tenantId, subject.userId, subject.labels, feature, change, variant, mode];
    const key = hash('sha256', JSON.stringify(same), 'base64url');
    if (this.#repeated.has(key)) return this.#repeated.getRemainingTTL(key);
    this.#repeated.set(key, true);
    this.#add(decision, subject, { list: true });
    return REPEAT;
  }

  #add({ feature, change, variant, mode }: Decision, subject: Subject, more?: { readonly list: true }): void {
    if (this.#waiting.length >= this.#most) {
      this.#tally.add(`were lost: more waited than ${this.#most}`);
      return;
    }
    const leave = (why: string): void => this.#tally.add(`are kept without ${why}`);
    const tenant = storableId('tenant', subject.tenantId, leave);
    // Without a tenant no erasure would find the user.
    const user = tenant === undefined ? undefined : storableId('user', subject.userId, leave);
    const labels = storableLabels(subject, leave);
    this.#waiting.push({
      id: randomUUID(),
      name: 'exposure',
      at: Date.now(),
      ...(tenant !== undefined && { tenant, user }),
      flag: storableId('flag', feature, leave),
      change: storableId('change', change, leave),
      variant: storableId('variant', variant, leave),
      attributes: { ...(labels && { labels }), ...(mode !== undefined && { mode }), ...more },
      source: 'gateway',
    });
    if (this.#waiting.length >= BATCH) void this.flush();
    else this.#flushSoon();
  }

  /** Records what waits. Never rejects. */
  async flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
      if (this.#waiting.length > 0) this.#flushSoon();
    });
    await this.#flushing;
  }

  async #flushAll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { control, log } = this.#options;
    try {
      await control.ready();
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.slice(0, BATCH);
        // One that was recorded although the answer was lost is known by its id.
        const refused = await this.#record(batch);
        this.#waiting = this.#waiting.slice(batch.length);
        for (const { field, fix } of refused) this.#tally.add(`were lost: ${partOf(field)}: ${fix}`);
      }
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn(`exposures can't be recorded: ${(error as Error).message}`);
      this.#failing = true;
    }
    this.#tally.say({ everything: false });
  }

  /** Records a batch but for those that the store refuses by themselves; resolves to why. */
  async #record(batch: readonly Measurement[]): Promise<readonly ControlInputError[]> {
    try {
      await this.#options.control.store.recordEvents(batch);
      return [];
    } catch (error) {
      if (!isControlInputError(error)) throw error;
      if (batch.length <= 1) return [error];
      const half = Math.ceil(batch.length / 2);
      return [...(await this.#record(batch.slice(0, half))), ...(await this.#record(batch.slice(half)))];
    }
  }

  #flushSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.flush(), this.#wait);
    this.#timer.unref();
  }

  /** Records what waits, and stops. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#tally.add('were lost: they could not be recorded', this.#waiting.length);
    this.#tally.say({ everything: true });
  }
}

/** What the store calls a part of an event, without which event it was. */
function partOf(field: string): string {
  return field.replace(/^events\.\d+\./, '');
}

function isExposure({ enabled, feature }: Decision): boolean {
  return enabled && feature !== undefined;
}
