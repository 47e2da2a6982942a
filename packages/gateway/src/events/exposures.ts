import { hash, randomUUID } from 'node:crypto';
import { type Decision, entriesOf, type Subject } from '@rampart/core';
import type { AiAnswer, DurableControl, Measurement, PlainAnswer } from '@rampart/sdk';
import { LRUCache } from 'lru-cache';

/** Options of {@link ExposureLog}. */
export interface ExposureLogOptions {
  readonly control: Pick<DurableControl, 'ready' | 'store'>;
  readonly log: { warn(message: string): void };
  /** Most that wait to be recorded; those beyond are lost, and counted. @default 10000 */
  readonly most?: number | undefined;
  /** Longest wait of one, in ms. @default 1000 */
  readonly wait?: number | undefined;
}

/** As many as one statement takes. */
const BATCH = 500;
/** How soon what a list gave is noted again, in ms: pages fetch theirs every few seconds. */
const REPEAT = 60_000;
/** Most that are known to have been noted; of those beyond, some are noted more often. */
const MOST_REPEATED = 50_000;

/**
 * Records who was given what, for the exposure audit: behind the answers, in batches. While the database is away as many are
 * kept as fit; what is lost is said in the log.
 */
export class ExposureLog {
  readonly #options: ExposureLogOptions;
  readonly #most: number;
  readonly #wait: number;
  readonly #repeated = new LRUCache<string, true>({ max: MOST_REPEATED, ttl: REPEAT });
  #waiting: Measurement[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #lost = 0;
  #failing = false;

  constructor(options: ExposureLogOptions) {
    const { most = 10_000, wait = 1_000 } = options;
    this.#options = options;
    this.#most = most;
    this.#wait = wait;
  }

  /** Notes a decision that was asked for; one that is not enabled is no exposure. */
  note(decision: Decision, subject: Subject): void {
    if (isExposure(decision)) this.#add(decision, subject);
  }

  /** Notes what a list gave out, once a minute for the same subject, labels, change, variant and mode. */
  noteList(answers: readonly (AiAnswer | PlainAnswer)[], isGiven: (flag: string) => boolean): void {
    for (const answer of answers) {
      if (answer.kind === 'plain' || !isExposure(answer.decision) || !isGiven(answer.name)) continue;
      const { decision, subject } = answer;
      const { feature, change, variant, mode } = decision;
      const same = [subject.tenantId, subject.userId, entriesOf(subject.labels), feature, change, variant, mode];
      const key = hash('sha256', JSON.stringify(same), 'base64url');
      if (this.#repeated.has(key)) continue;
      this.#repeated.set(key, true);
      this.#add(decision, subject, { list: true });
    }
  }

  #add({ feature, change, variant, mode }: Decision, subject: Subject, more?: { readonly list: true }): void {
    if (this.#waiting.length >= this.#most) {
      this.#lost += 1;
      return;
    }
    const { tenantId: tenant, userId: user } = subject;
    const labels = entriesOf(subject.labels);
    this.#waiting.push({
      id: randomUUID(),
      name: 'exposure',
      at: Date.now(),
      // Without a tenant no erasure would find the user.
      ...(tenant !== undefined && { tenant, user }),
      flag: feature,
      change,
      variant,
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
        await control.store.recordEvents(batch);
        this.#waiting = this.#waiting.slice(batch.length);
      }
      if (this.#lost > 0) log.warn(`${this.#lost} exposures were lost: more waited than ${this.#most}`);
      this.#lost = 0;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn(`exposures can't be recorded: ${(error as Error).message}`);
      this.#failing = true;
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
  }
}

function isExposure({ enabled, feature }: Decision): boolean {
  return enabled && feature !== undefined;
}
