import { setTimeout as delay } from 'node:timers/promises';
import type { FlagSnapshot } from '@rampart/core';
import type { Inputs, Rampart } from '@rampart/sdk';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ReadContext } from '../context/read-context.js';
import type { Digests } from '../decisions/digests.js';
import { FlagFetch } from './flag-fetch.js';

/** What a page was told of, and names in its question. A part that is absent asks for nothing. */
export interface Told {
  /** Which flags. */
  readonly flags: string | undefined;
  /** A position of the control log. */
  readonly revision: string | undefined;
}

/** A page's question about all flags. */
export interface Question {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly context: ReadContext;
  /** Undefined where nobody told it to ask. */
  readonly told: Told | undefined;
}

/** How long one question waits for what it was told of, in ms. */
const PATIENCE = 3_000;
/** Questions that wait; more are answered from what there is. */
const MOST_WAITING = 20_000;
const FORM = /^([\w-]{22})?\.([0-9a-f]{8,32}\.\d{1,16}|\d{1,16})?$/;

/**
 * What a page was told of may have happened on another process: what it was told names flags and control state. Its question
 * waits for them, and what has not come by then is not taken for what it was told of.
 */
export class Freshness {
  readonly #rampart: Rampart;
  readonly #digests: Digests;
  #waiting = 0;

  constructor(rampart: Rampart, digests: Digests) {
    this.#rampart = rampart;
    this.#digests = digests;
  }

  /** Names what is known here. */
  validator(): string {
    const { flags, control } = this.#rampart;
    return `${this.#digests.flags(flags.snapshot())?.text ?? ''}.${control.read(undefined)?.revision ?? ''}`;
  }

  /** What a {@link validator} names; undefined for any other text. */
  static read(text: unknown): Told | undefined {
    if (typeof text !== 'string') return undefined;
    const found = FORM.exec(text);
    return found === null ? undefined : { flags: found[1], revision: found[2] };
  }

  /**
   * Fetches what is known to be newer elsewhere; undefined where nothing has to be fetched. Never rejects. Whether it came is
   * for {@link digest} and {@link notBefore} to say, in the moment of the answer.
   */
  reach(told: Told): Promise<unknown> | undefined {
    if (this.#waiting >= MOST_WAITING) return undefined;
    const work = [this.#reachFlags(told), this.#reachControl(told)].filter((part) => part !== undefined);
    if (work.length === 0) return undefined;
    this.#waiting += 1;
    return Promise.race([Promise.all(work), delay(PATIENCE, undefined, { ref: false })]).finally(() => {
      this.#waiting -= 1;
    });
  }

  // Others than those may be older: no answer from them counts as unchanged.
  #hasFlags(told: Told | undefined, snapshot: FlagSnapshot): boolean {
    return told?.flags === undefined || told.flags === this.#digests.flags(snapshot)?.text;
  }

  /** Names the answer to a question; undefined where these aren't the flags that its page was told of, or nothing names it. */
  digest(
    { request, context, told }: Question,
    inputs: Inputs,
    snapshot: FlagSnapshot,
    now: number,
  ): string | undefined {
    if (!this.#hasFlags(told, snapshot)) return undefined;
    const isStale = this.#rampart.provider.engine.freshness === 'stale';
    return this.#digests.answer(request.principal, inputs, context.plain, snapshot, isStale, now);
  }

  /** Inputs of a question, the control state unknown where it can't be shown to be what the page was told of: closed. */
  notBefore(told: Told | undefined, inputs: Inputs): Inputs {
    if (told?.revision === undefined || inputs.control === undefined) return inputs;
    // Most pages ask while what they were told of is the last that was recorded.
    if (inputs.control.revision === told.revision) return inputs;
    const { control } = this.#rampart;
    const view = control.read(inputs.subject.tenantId, told.revision);
    if (view === undefined) control.closedForUnknown?.();
    return { ...inputs, control: view };
  }

  #reachFlags(told: Told): Promise<void> | undefined {
    const { flags } = this.#rampart;
    const isThere = (): boolean => this.#hasFlags(told, flags.snapshot());
    return isThere() || flags.refresh === undefined ? undefined : FlagFetch.of(flags).after(isThere);
  }

  #reachControl({ revision }: Told): Promise<void> | undefined {
    const { control } = this.#rampart;
    if (revision === undefined || control.read(undefined, revision) !== undefined) return undefined;
    return control.load?.(undefined, revision);
  }
}
