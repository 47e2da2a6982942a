import type { Logger } from '@openfeature/server-sdk';
import type { Attributes, PlainFlag } from '@rampart/core';
import { LRUCache } from 'lru-cache';
import type { Decider } from './decider.js';
import { kindOf } from './directory.js';
import type { InputReader } from './inputs.js';

/** Options of {@link Observer}. */
export interface ObserverOptions {
  /** Flag → feature. */
  readonly features: Readonly<Record<string, string>>;
  readonly decider: Decider;
  readonly inputs: InputReader;
  readonly logger: Logger;
}

/**
 * Logs which answers of ordinary flags gating would close, without closing any: once for each flag, tenant and gate. It
 * knows what is cached; what a first look had to leave open is fetched for the next.
 */
export class Observer {
  readonly #features: ReadonlyMap<string, string>;
  readonly #decider: Decider;
  readonly #inputs: InputReader;
  readonly #logger: Logger;
  readonly #said = new LRUCache<string, true>({ max: 10_000 });

  constructor({ features, decider, inputs, logger }: ObserverOptions) {
    this.#features = new Map(Object.entries(features));
    this.#decider = decider;
    this.#inputs = inputs;
    this.#logger = logger;
  }

  /** Looks at a flag that has just answered "on". Never throws. */
  look(flag: PlainFlag, attributes: Attributes): void {
    const feature = this.#features.get(flag.name);
    if (feature === undefined) return;
    try {
      this.#compare(flag, feature, attributes);
    } catch (error) {
      this.#logger.warn(`rampart: observing ${flag.name} failed (${kindOf(error)})`);
    }
  }

  #compare(flag: PlainFlag, feature: string, attributes: Attributes): void {
    const known = this.#inputs.peek(attributes);
    const { enabled, gate, detail, outcome } = this.#decider.wouldDecide(flag, feature, known);
    if (enabled) return;
    const tenant = known.subject.tenantId ?? 'no tenant';
    const line = `${flag.name} is on for ${tenant}; behind ${feature} it would be ${outcome} at gate ${gate} (${detail ?? ''})`;
    if (this.#said.has(line)) return;
    this.#said.set(line, true);
    this.#logger.warn(`rampart: observe: ${line}`);
  }
}
