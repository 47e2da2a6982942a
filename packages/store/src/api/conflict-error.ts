import type { ControlChange, JsonValue } from '@rampart/core';
import type { RecordedEntry } from './recorded-entry.js';

/** The current state of an item. */
export interface CurrentItem {
  /** Null without an item. */
  readonly value: JsonValue;
  /** Pass it as `expected` to overwrite this state. */
  readonly revision: string;
  /** Undefined after an erasure. */
  readonly actor?: string | undefined;
  /** Time of the record in ms since 1970. */
  readonly at: number;
}

const MARKER = Symbol.for('rampart.ConflictError');

/** The item has changed since the revision that the writer read. Nothing was written. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly current: CurrentItem;
  readonly yours: ControlChange;

  constructor(message: string, { current, yours }: { readonly current: CurrentItem; readonly yours: ControlChange }) {
    super(message);
    this.current = current;
    this.yours = yours;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link ConflictError}, also of another copy of this package. */
export function isConflictError(value: unknown): value is ConflictError {
  return typeof value === 'object' && value !== null && MARKER in value;
}

const REUSED_MARKER = Symbol.for('rampart.ReusedIdError');

/** The id of a write belongs to an entry with another change, actor or reason. Nothing was written. */
export class ReusedIdError extends Error {
  override readonly name = 'ReusedIdError';
  readonly entry: RecordedEntry;

  constructor(entry: RecordedEntry) {
    super(
      `id "${entry.id}" was used for another write, recorded as ${entry.revision}: ` +
        'repeat that write unchanged (the same change, actor and reason), or use another id',
    );
    this.entry = entry;
    Object.defineProperty(this, REUSED_MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link ReusedIdError}, also of another copy of this package. */
export function isReusedIdError(value: unknown): value is ReusedIdError {
  return typeof value === 'object' && value !== null && REUSED_MARKER in value;
}
