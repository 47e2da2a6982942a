import type { Rampart } from '@rampart/sdk';
import type { Digests } from '../decisions/digests.js';

/** How long one question waits for flags that somebody says are newer, in ms. */
const PATIENCE = 2_000;
/** The least time between two fetches that questions set off, in ms. */
const PAUSE = 1_000;
const FORM = /^([\w-]{22})?\.([0-9a-f]{8,32}\.\d{1,16}|\d{1,16})?$/;

/**
 * What a page was told of may have happened on another process: what it was told names flags and control state, and its
 * question is answered from nothing older.
 */
export class Freshness {
  readonly #rampart: Rampart;
  readonly #digests: Digests;
  #fetchedAt = -PAUSE;
  #fetching: Promise<unknown> | undefined;

  constructor(rampart: Rampart, digests: Digests) {
    this.#rampart = rampart;
    this.#digests = digests;
  }

  /** Names what is known here. */
  validator(): string {
    const { flags, control } = this.#rampart;
    return `${this.#digests.flags(flags.snapshot())?.text ?? ''}.${control.read(undefined)?.revision ?? ''}`;
  }

  /** Whether a text can have come from {@link validator}. */
  static isValidator(text: string | undefined): text is string {
    return text !== undefined && FORM.test(text);
  }

  /** Fetches what is known to be newer elsewhere; undefined where nothing has to be fetched. Never rejects. */
  reach(validator: string): Promise<unknown> | undefined {
    const [, flags, revision] = FORM.exec(validator) ?? [];
    const work: Promise<unknown>[] = [];
    if (flags !== undefined && flags !== this.#digests.flags(this.#rampart.flags.snapshot())?.text) {
      const fetching = this.#fetch();
      if (fetching !== undefined) work.push(fetching);
    }
    const { control } = this.#rampart;
    if (revision !== undefined && control.load !== undefined && control.read(undefined, revision) === undefined)
      work.push(control.load(undefined, revision));
    return work.length === 0 ? undefined : Promise.all(work);
  }

  // Whoever asks while flags are under way waits for the same ones.
  #fetch(): Promise<unknown> | undefined {
    const { flags } = this.#rampart;
    if (flags.refresh === undefined || this.#fetching !== undefined) return this.#fetching;
    if (performance.now() - this.#fetchedAt < PAUSE) return undefined;
    const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE).unref());
    this.#fetching = Promise.race([flags.refresh(), late]).finally(() => {
      this.#fetching = undefined;
      this.#fetchedAt = performance.now();
    });
    return this.#fetching;
  }
}
