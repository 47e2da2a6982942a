import type { JsonValue } from '@rampart/core';

/**
 * Something that happened, or was measured: a score, a latency, a cost, feedback, an exposure. The shape of a tracking event
 * of OpenFeature (a name, a number, attributes, and whom it is about), with what it is about spelt out.
 */
export interface Measurement {
  /** 1 to 64 printable ASCII characters without spaces. One that is recorded already is left as it is. */
  readonly id: string;
  /** What was measured, e.g. `feedback`; 1 to 100 characters. */
  readonly name: string;
  /** When it happened, in ms since 1970, by the clock of whoever measured. */
  readonly at: number;
  readonly tenant?: string | undefined;
  /** Needs `tenant`: an erasure finds users by it. */
  readonly user?: string | undefined;
  /** The feature. */
  readonly flag?: string | undefined;
  readonly change?: string | undefined;
  readonly variant?: string | undefined;
  /** Finite; undefined where it only happened. */
  readonly value?: number | undefined;
  /** At most 8000 characters as JSON. */
  readonly attributes?: Readonly<Record<string, JsonValue>> | undefined;
  /** Who said so: the kind and name of a caller, e.g. `service:support`. */
  readonly source: string;
}

/** A measurement as it stands in the database. */
export interface RecordedMeasurement extends Measurement {
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly receivedAt: number;
}

/** What became of a batch. */
export interface RecordedEvents {
  /** Those that are new. */
  readonly recorded: number;
  /** Those whose id was recorded before, or stands twice in the batch. */
  readonly duplicates: number;
}

/** Which measurements to list; every part narrows. */
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
  /** `next` of the page before. @default the beginning */
  readonly after?: string | undefined;
  /** Most measurements in the answer, 1 to 1000. @default 1000 */
  readonly limit?: number | undefined;
}

/**
 * Measurements by the time they happened, and where to go on. One that arrives late may belong to a page that was read already.
 */
export interface EventPage {
  readonly events: readonly RecordedMeasurement[];
  /** Where there may be more: the `after` of the next page. Undefined at the end. */
  readonly next?: string | undefined;
}

/** Which measurements to delete. */
export interface ExpiredEventQuery {
  /** In ms: those that happened longer ago than that, by the database's clock. */
  readonly olderThanMs: number;
  /** Names that stay whatever their age. @default none */
  readonly exceptNames?: readonly string[] | undefined;
}
