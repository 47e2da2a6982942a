import type { JsonValue } from '@rampart/core';

/** Work that was recorded with a change and is not done yet. */
export interface OutboxTask {
  /** That of the change's entry. */
  readonly id: string;
  /** The entry's, so that the work can tell which change it belongs to. */
  readonly revision: string;
  readonly task: JsonValue;
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly at: number;
  /** How many attempts failed. */
  readonly attempts: number;
  /** What the last attempt failed of. */
  readonly error?: string | undefined;
}

/** How a piece of work stands. */
export interface OutboxTaskState extends OutboxTask {
  readonly completed: boolean;
  /** What was noted when it was done. */
  readonly result?: JsonValue | undefined;
}
