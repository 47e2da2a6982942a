import type { Logger } from '@openfeature/server-sdk';
import type { Attributes, PlainFlag } from '@rampart/core';
import { LRUCache } from 'lru-cache';
import type { Decider } from './decider.js';
import { errorName } from './error-name.js';
import type { InputReader } from './inputs.js';

const MAX_LOGGED = 10_000;

/** Options of {@link GateDryRun}. */
export interface GateDryRunOptions {
  /** Flag → feature. */
  readonly features: Readonly<Record<string, string>>;
  readonly decider: Decider;
  readonly inputs: InputReader;
  readonly logger: Logger;
}

/**
 * Logs which evaluations of ordinary flags a feature's gates would close, once for each flag, tenant and gate. Changes no
 * evaluation. Uses cached inputs only; missing ones are fetched for the next comparison.
 */
export class GateDryRun {
  readonly #features: ReadonlyMap<string, string>;
  readonly #decider: Decider;
  readonly #inputs: InputReader;
  readonly #logger: Logger;
  readonly #logged = new LRUCache<string, true>({ max: MAX_LOGGED });

  constructor({ features, decider, inputs, logger }: GateDryRunOptions) {
    this.#features = new Map(Object.entries(features));
    this.#decider = decider;
    this.#inputs = inputs;
    this.#logger = logger;
  }

  /** Compares a flag that is on for this context with what the gates would decide. Never throws. */
  compare(flag: PlainFlag, attributes: Attributes): void {
    const feature = this.#features.get(flag.name);
    if (feature === undefined) return;
    try {
      this.#logDifference(flag, feature, attributes);
    } catch (error) {
      this.#logger.warn(`rampart: observing ${flag.name} failed (${errorName(error)})`);
    }
  }

  #logDifference(flag: PlainFlag, feature: string, attributes: Attributes): void {
    const inputs = this.#inputs.readCached(attributes);
    const { enabled, gate, detail, outcome } = this.#decider.dryRun(flag, feature, inputs);
    if (enabled) return;
    const tenant = inputs.subject.tenantId ?? 'no tenant';
    const line = `${flag.name} is on for ${tenant}; behind ${feature} it would be ${outcome} at gate ${gate} (${detail ?? ''})`;
    if (this.#logged.has(line)) return;
    this.#logged.set(line, true);
    this.#logger.warn(`rampart: observe: ${line}`);
  }
}
