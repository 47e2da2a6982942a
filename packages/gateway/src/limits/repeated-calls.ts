import { createHash } from 'node:crypto';
import type { DurableControl } from '@rampart/sdk';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { Refusal } from '../service/refusal.js';

/** How long an answer can be repeated: the hour that is counted, in seconds. */
const TTL_SECONDS = 3_600;
/** Most answers that one process keeps; with Redis all are kept there too. */
const MAX_ANSWERS = 10_000;

interface Stored<Answer> {
  /** Of the request's content. */
  readonly digest: string;
  readonly answer: Answer;
}

/** Answers to keyed requests for calls, so that a repeat is counted once, also by another gateway that shares Redis. */
export class RepeatedCalls<Answer> {
  readonly #answers = new LRUCache<string, Stored<Answer>>({ max: MAX_ANSWERS, ttl: TTL_SECONDS * 1_000 });
  readonly #redis: DurableControl['redis'];
  readonly #prefix: string;
  readonly #stored: z.ZodType<Stored<Answer>>;

  /** @param answer what an answer in Redis has to look like: anybody with access to Redis could have written it */
  constructor(control: DurableControl | undefined, answer: z.ZodType<Answer>) {
    this.#stored = z.object({ digest: z.string(), answer });
    this.#redis = control?.redis;
    this.#prefix = `rampart:${encodeURIComponent(control?.environment ?? '')}:consumed:`;
  }

  /**
   * The answer to an earlier request with this id and content; undefined where there was none.
   *
   * @throws Refusal 422 where that request had another content
   */
  async find(id: string, content: unknown): Promise<Answer | undefined> {
    const found = this.#answers.get(id) ?? this.#read(await this.#redis?.send('GET', `${this.#prefix}${id}`));
    if (found === undefined) return undefined;
    if (found.digest !== digestOf(content))
      throw new Refusal(
        422,
        'idempotency_key_reused',
        'Idempotency-Key: an earlier request with this key had another content',
      );
    return found.answer;
  }

  async keep(id: string, content: unknown, answer: Answer): Promise<void> {
    const kept = { digest: digestOf(content), answer };
    this.#answers.set(id, kept);
    await this.#redis?.send('SET', `${this.#prefix}${id}`, JSON.stringify(kept), 'EX', String(TTL_SECONDS));
  }

  #read(text: unknown): Stored<Answer> | undefined {
    if (typeof text !== 'string') return undefined;
    try {
      return this.#stored.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  }
}

const digestOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');
