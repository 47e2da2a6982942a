import type { JsonValue } from '@rampart/core';

/**
 * A measured value or an occurrence: a score, a latency, a cost, feedback, an exposure. Shaped like a tracking event of OpenFeature (name,
 * number, attributes), with its subject, feature and change as fields.
 */
export interface Measurement {
  /** 1 to 64 printable ASCII characters without spaces. A measurement with a recorded id is skipped. */
  readonly id: string;
  /** Name of the metric, e.g. `feedback`; 1 to 100 characters. */
  readonly name: string;
  /** Time of the measurement in ms since 1970, by the clock of the measuring program. */
  readonly at: number;
  readonly tenant?: string | undefined;
  /** Needs `tenant`, by which an erasure finds users. */
  readonly user?: string | undefined;
  /** The feature. */
  readonly flag?: string | undefined;
  readonly change?: string | undefined;
  readonly variant?: string | undefined;
  /** Finite; undefined for an occurrence without a value. */
  readonly value?: number | undefined;
  /** At most 8000 characters as JSON. */
  readonly attributes?: Readonly<Record<string, JsonValue>> | undefined;
  /** Kind and name of the caller, e.g. `service:support`. */
  readonly source: string;
}

/** A recorded measurement. */
export interface RecordedMeasurement extends Measurement {
  /** Time of the record in ms since 1970, by the database's clock. */
  readonly receivedAt: number;
}

/** Result of recording a batch. */
export interface RecordedEvents {
  /** Number of new measurements. */
  readonly recorded: number;
  /** Number of measurements whose id was recorded before or is repeated in the batch. */
  readonly duplicates: number;
}

/** Filters of a list of measurements; all of them apply. */
export interface EventQuery {
  readonly name?: string | undefined;
  readonly tenant?: string | undefined;
  /** Needs `tenant`. */
  readonly user?: string | undefined;
  /** The feature. */
  readonly flag?: string | undefined;
  /** Happened at or after, in ms since 1970. */
  readonly from?: number | undefined;
  /** Happened before, in ms since 1970. */
  readonly to?: number | undefined;
  /** The `next` of the previous page. @default the beginning */
  readonly after?: string | undefined;
  /** Maximum number of measurements, 1 to 1000. @default 1000 */
  readonly limit?: number | undefined;
}

/** A page of measurements by the time they happened. A late measurement may belong to an earlier page. */
export interface EventPage {
  readonly events: readonly RecordedMeasurement[];
  /** The `after` of the next page; undefined at the end. */
  readonly next?: string | undefined;
}

/** Selects the measurements to delete. */
export interface ExpiredEventQuery {
  /** Minimum age in ms, by the database's clock. */
  readonly olderThanMs: number;
  /** Names that are kept at any age. @default none */
  readonly exceptNames?: readonly string[] | undefined;
}
