import type { Scope } from '@rampart/core';
import type { StoreErrorKind } from '@rampart/store';

/**
 * How one half of an order stands. `held`: it is in force. `pending`: not yet, and trying again may help. `failed`: trying
 * again can't help. `not_needed`: there is nothing to do.
 */
export type HalfState = 'held' | 'pending' | 'failed' | 'not_needed';

/** A flag in one environment of Unleash. */
export interface FlagPlace {
  readonly flag: string;
  readonly project: string;
  readonly environment: string;
  /** The number of the event in Unleash's log that switched it off last; undefined where the log could not be read. */
  readonly event?: number | undefined;
}

/** One half of an order. */
export interface HalfReport {
  readonly state: HalfState;
  /** Since when, in ms since 1970, by this machine's clock. */
  readonly since: number;
  /** How many attempts failed. */
  readonly attempts: number;
  /** What the last attempt failed of. */
  readonly error?: string | undefined;
  /** What a person should know although nothing failed. */
  readonly notes: readonly string[];
}

/** The half in the control log: it binds every service that uses Rampart. */
export interface ControlHalf extends HalfReport {
  /** Once it is held: names the entry. A caller may pass it as `consentRevision`. */
  readonly revision?: string | undefined;
  /** Set where the state is `failed` because this database can't take the entry, e.g. `schema_older`: it is the wrong one, or not migrated. */
  readonly errorKind?: StoreErrorKind | undefined;
}

/** The half in Unleash: it binds plain SDKs, at their next poll. */
export interface UnleashHalf extends HalfReport {
  /** What this order switched off, or on. */
  readonly switched: readonly FlagPlace[];
}

/** An order, and how far it got. */
export interface OrderReport {
  readonly action: 'kill' | 'revive';
  /** That of the kill. */
  readonly id: string;
  readonly scope: Scope;
  readonly control: ControlHalf;
  readonly unleash: UnleashHalf;
  /** Whether all is done and recorded: nothing is left for `resume`. */
  readonly settled: boolean;
  /** Why it could not be noted yet that both halves hold. */
  readonly settleError?: string | undefined;
  /** Why a crash could not be made up for from this machine; the order goes on without. */
  readonly journalError?: string | undefined;
}
