import type { LogPosition } from '@rampart/core';

/** The end of the log at one moment, signed with a key that the database doesn't have. Plain JSON, to be stored elsewhere. */
export interface SignedHead extends LogPosition {
  /** Mac of the entry at the position; depends on every entry before it. */
  readonly mac: string;
  /** Time of the signature in ms since 1970, by the database's clock. */
  readonly at: number;
  readonly signature: string;
}

/** Options of `verify`. */
export interface VerifyOptions {
  /** Heads exported earlier. Without them a log whose tail and head row were both deleted passes. @default none */
  readonly heads?: readonly SignedHead[] | undefined;
}

export type FindingKind =
  /** The entry at this position, its payload or its author is not the recorded one. */
  | 'edited'
  /** An entry, its payload or its author is missing, and no erasure explains it. */
  | 'deleted'
  /** The log ends before its head row or before an exported head. */
  | 'cut_off'
  /** An entry or head without a valid signature, or one signed with a secret of another part of the log or of another database. */
  | 'foreign'
  /** The secret of entries from this position on is missing: they are unproven. */
  | 'secret_missing'
  /** A row of the state differs from the log. */
  | 'state';

/** One problem. */
export interface Finding {
  readonly kind: FindingKind;
  /** Position of the entry; for `state` of the last entry about the row, 0 without one. */
  readonly position: number;
  /** Description for people. */
  readonly message: string;
}

/**
 * Result of `verify`. The log is checked up to its first break (`edited`, `deleted`, or an entry signed with the wrong secret), which is
 * reported with its exact position. Nothing after a break is proven, so ends, heads and the state are compared only without one. Entries
 * without a mac (`foreign`) and missing secrets don't end the check: each is reported.
 */
export interface Verification {
  /** Whether there are no findings. */
  readonly ok: boolean;
  /** The first 100 findings by position. */
  readonly findings: readonly Finding[];
  /** Number of entries read. */
  readonly entries: number;
  /** Number of entries of legacy SQL code that this run signed. */
  readonly sealed: number;
  /** Number of entries whose payload was erased. */
  readonly erased: number;
  /** Whether the option `secret` signs new entries; false before the rotation to it is recorded. */
  readonly signedWithSecret: boolean;
  /** The current end of the log. */
  readonly head: SignedHead;
}
