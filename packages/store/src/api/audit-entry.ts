import type { ControlChange, JsonValue, LogPosition } from '@rampart/core';

/** What entries there are: one for each kind of change, and what is no change of the control state: a flag edit, an erasure, a rotation of the secret. */
export type EntryKind = ControlChange['kind'] | 'flag_edit' | 'erase' | 'rotate_secret';

/** Which entries to list; every part narrows. */
export interface EntryQuery {
  readonly kinds?: readonly EntryKind[] | undefined;
  readonly tenant?: string | undefined;
  /** Entries about this user; needs `tenant`. */
  readonly user?: string | undefined;
  /** Entries about this feature or change: its edits, its kills, its overrides … */
  readonly flag?: string | undefined;
  readonly actor?: string | undefined;
  /** The entry of this id. */
  readonly id?: string | undefined;
  /** Recorded at or after, in ms since 1970. */
  readonly from?: number | undefined;
  /** Recorded before, in ms since 1970. */
  readonly to?: number | undefined;
  /** Only entries after this position. @default 0, the beginning */
  readonly after?: number | undefined;
  /** Most entries in the answer, 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** An entry of the control log, as people read it. */
export interface AuditEntry {
  readonly position: number;
  readonly revision: string;
  readonly id: string;
  readonly kind: EntryKind;
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly at: number;
  /** Whether what it said was erased; everything below is then undefined. */
  readonly erased: boolean;
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  readonly flag?: string | undefined;
  /** Null where there was nothing. */
  readonly before?: JsonValue | undefined;
  /** Null where there is nothing any more. */
  readonly after?: JsonValue | undefined;
  /** The change itself, where the entry is one. */
  readonly change?: ControlChange | undefined;
  /** Server, event, type, environment … of a flag edit, where the entry is one. */
  readonly edit?: JsonValue | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** Entries, and where to go on. */
export interface EntryPage {
  readonly entries: readonly AuditEntry[];
  /** The end of the log when it was read: nothing up to there matches but what pages up to it list. */
  readonly head: LogPosition;
  /** Where there may be more: the `after` of the next page. Undefined at the end. */
  readonly next?: number | undefined;
}
