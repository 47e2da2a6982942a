import type { LogPosition } from '@rampart/core';

/** The end of the log at some time, signed with a key that the database doesn't know. Plain JSON, to be kept elsewhere. */
export interface SignedHead extends LogPosition {
  /** Stands for every entry up to the position. */
  readonly mac: string;
  /** When it was made, in ms since 1970, by the database's clock. */
  readonly at: number;
  readonly signature: string;
}

/** What to hold the log against. */
export interface VerifyOptions {
  /** Heads exported earlier. Without one a log whose tail and head row were both cut looks whole. @default none */
  readonly heads?: readonly SignedHead[] | undefined;
}

/** What is wrong with the log. */
export type FindingKind =
  /** An entry, or what it says, is not what was recorded. */
  | 'edited'
  /** An entry, or what it says, is gone, and no erasure explains it. */
  | 'deleted'
  /** An entry stands where another one was. */
  | 'reordered'
  /** The log ends before it did. */
  | 'cut_off'
  /**
   * An entry that nobody with the secret wrote, or one by a secret that signed another part of the log, or a head of another
   * database or secret.
   */
  | 'foreign'
  /** Entries by a secret that was not given: nothing is known of them. */
  | 'secret_missing'
  /** A row of the state is not what the log adds up to. */
  | 'state';

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** The entry; for `state` the last one about the row, 0 where there is none. */
  readonly position: number;
  /** What was found, for people. */
  readonly message: string;
}

/** What {@link ControlStore.verify} found. */
export interface Verification {
  /** Nothing is wrong. */
  readonly ok: boolean;
  /** The first hundred, by position. */
  readonly findings: readonly Finding[];
  /** How many entries were read. */
  readonly entries: number;
  /** Entries by old code, written by SQL, that this run sealed. */
  readonly sealed: number;
  /** How many entries say nothing any more, because it was erased. */
  readonly erased: number;
  /** Whether the option `secret` signs new entries; false before the rotation to it is recorded. */
  readonly signedWithSecret: boolean;
  /** The end of the log as it was found. */
  readonly head: SignedHead;
}
