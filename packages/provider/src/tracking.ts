import type { EvaluationContext, Logger, TrackingEventDetails } from '@openfeature/server-sdk';
import type { FlagSource } from '@rampart/core';
import { kindOf } from './directory.js';

/** Something that happened, as the service told OpenFeature's `track`. */
export interface TrackedEvent {
  readonly name: string;
  /** The number that was measured; undefined where the event only happened. */
  readonly value: number | undefined;
  readonly context: EvaluationContext;
  readonly details: TrackingEventDetails;
}

/** Takes tracked events. What it throws or rejects with is logged and never reaches the service. */
export type Tracker = (event: TrackedEvent) => void | Promise<void>;

/** Options of {@link Tracking}. */
export interface TrackingOptions {
  readonly flags: FlagSource;
  readonly trackers: readonly Tracker[];
  readonly logger: Logger;
}

/** Hands tracked events on: to the flag platform's own metrics, then to every tracker. */
export class Tracking {
  readonly #trackers: readonly Tracker[];
  readonly #logger: Logger;

  constructor({ flags, trackers, logger }: TrackingOptions) {
    this.#logger = logger;
    this.#trackers = flags.track === undefined ? trackers : [(event) => toPlatform(flags, event), ...trackers];
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    const event: TrackedEvent = { name, value: details.value, context, details };
    for (const tracker of this.#trackers) {
      try {
        tracker(event)?.catch((error: unknown) => this.#failed(name, error));
      } catch (error) {
        this.#failed(name, error);
      }
    }
  }

  #failed(name: string, error: unknown): void {
    this.#logger.warn(`rampart: a tracker failed on ${JSON.stringify(name)} (${kindOf(error)})`);
  }
}

// An event without a number counts as one; a value that is no finite number would spoil the platform's sums.
function toPlatform(flags: FlagSource, { name, value = 1, details }: TrackedEvent): void {
  if (Number.isFinite(value)) flags.track?.(name, value, details);
}
