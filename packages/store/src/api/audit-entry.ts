import type { ControlChange, JsonValue, LogPosition } from '@rampart/core';

/** Kinds of entry: those of changes, and flag edits, erasures and rotations of the secret. */
export type EntryKind = ControlChange['kind'] | 'flag_edit' | 'erase' | 'rotate_secret';

/** Filters of a list of entries; all of them apply. */
export interface EntryQuery {
  readonly kinds?: readonly EntryKind[] | undefined;
  readonly tenant?: string | undefined;
  /** Entries about this user; needs `tenant`. */
  readonly user?: string | undefined;
  /** Entries about this feature or change: its edits, its kills, its overrides … */
  readonly flag?: string | undefined;
  readonly actor?: string | undefined;
  /** The entry with this id. */
  readonly id?: string | undefined;
  /** Recorded at or after, in ms since 1970. */
  readonly from?: number | undefined;
  /** Recorded before, in ms since 1970. */
  readonly to?: number | undefined;
  /** Entries after this position. @default 0, the beginning */
  readonly after?: number | undefined;
  /** Maximum number of entries, 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** An entry of the control log with its payload and author. */
export interface AuditEntry {
  readonly position: number;
  readonly revision: string;
  readonly id: string;
  readonly kind: EntryKind;
  /** Time of the record in ms since 1970, by the database's clock. */
  readonly at: number;
  /** Whether the payload was erased; all further fields are then undefined. */
  readonly erased: boolean;
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  readonly flag?: string | undefined;
  /** State before the change; null without an item. */
  readonly before?: JsonValue | undefined;
  /** State after the change; null without an item. */
  readonly after?: JsonValue | undefined;
  /** The recorded change; undefined for other kinds of entry. */
  readonly change?: ControlChange | undefined;
  /** Server, event, type, environment … of a flag edit. */
  readonly edit?: JsonValue | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** A page of entries. */
export interface EntryPage {
  readonly entries: readonly AuditEntry[];
  /** End of the log when the page was read. The pages up to it list every matching entry up to there. */
  readonly head: LogPosition;
  /** The `after` of the next page; undefined at the end. */
  readonly next?: number | undefined;
}
