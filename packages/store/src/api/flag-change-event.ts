import type { JsonValue } from '@rampart/core';

/** A flag edit as a flag platform's event log has it. */
export interface FlagChangeEvent {
  /** Its number in the platform's event log, from 0. */
  readonly event: number;
  /** What happened, in the platform's words, e.g. `feature-environment-enabled`. */
  readonly type: string;
  readonly flag: string;
  readonly environment?: string | undefined;
  readonly project?: string | undefined;
  /** Who edited, as the platform names them. */
  readonly actor: string;
  /** When, in ms since 1970, by the platform's clock. */
  readonly at: number;
  /** Why. @default `none given: edited on the flag platform` */
  readonly reason?: string | undefined;
  readonly before?: JsonValue | undefined;
  readonly after?: JsonValue | undefined;
}
