import type { JsonValue } from '@rampart/core';

/** A flag edit from the event log of a flag platform. */
export interface FlagChangeEvent {
  /** Event id in the platform's log, from 0. */
  readonly event: number;
  /** Event type of the platform, e.g. `feature-environment-enabled`. */
  readonly type: string;
  readonly flag: string;
  readonly environment?: string | undefined;
  readonly project?: string | undefined;
  /** Editor, as named by the platform. */
  readonly actor: string;
  /** Time of the edit in ms since 1970, by the platform's clock. */
  readonly at: number;
  /** Reason of the edit. @default `none given: edited on the flag platform` */
  readonly reason?: string | undefined;
  readonly before?: JsonValue | undefined;
  readonly after?: JsonValue | undefined;
}
