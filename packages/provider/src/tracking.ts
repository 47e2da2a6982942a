import type { EvaluationContext, Logger, TrackingEventDetails } from '@openfeature/server-sdk';
import type { FlagSource } from '@rampart/core';
import { errorName } from './error-name.js';

/** An event that the service passed to OpenFeature's `track`. */
export interface TrackedEvent {
  readonly name: string;
  /** The measured number; undefined for an event without one. */
  readonly value: number | undefined;
  readonly context: EvaluationContext;
  readonly details: TrackingEventDetails;
}

/** Receives tracked events. Its errors and rejections are logged and never reach the service. */
export type Tracker = (event: TrackedEvent) => void | Promise<void>;

/** Options of {@link Tracking}. */
export interface TrackingOptions {
  readonly flags: FlagSource;
  readonly trackers: readonly Tracker[];
  readonly logger: Logger;
}

/** Forwards tracked events to the flag platform's own metrics, then to every tracker. */
export class Tracking {
  readonly #trackers: readonly Tracker[];
  readonly #logger: Logger;

  constructor({ flags, trackers, logger }: TrackingOptions) {
    this.#logger = logger;
    this.#trackers = flags.track === undefined ? trackers : [(event) => trackOnPlatform(flags, event), ...trackers];
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    const event: TrackedEvent = { name, value: details.value, context, details };
    for (const tracker of this.#trackers) {
      try {
        tracker(event)?.catch((error: unknown) => this.#logFailure(name, error));
      } catch (error) {
        this.#logFailure(name, error);
      }
    }
  }

  #logFailure(name: string, error: unknown): void {
    this.#logger.warn(`rampart: a tracker failed on ${JSON.stringify(name)} (${errorName(error)})`);
  }
}

// An event without a number counts as 1. NaN and Infinity would corrupt the platform's sums.
function trackOnPlatform(flags: FlagSource, { name, value = 1, details }: TrackedEvent): void {
  if (Number.isFinite(value)) flags.track?.(name, value, details);
}
