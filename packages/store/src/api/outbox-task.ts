import type { JsonValue } from '@rampart/core';

/** Follow-up work of a change. */
export interface OutboxTask {
  /** Id of the entry of the change. */
  readonly id: string;
  /** Revision of the entry of the change. */
  readonly revision: string;
  readonly task: JsonValue;
  /** Time of the record in ms since 1970, by the database's clock. */
  readonly at: number;
  /** Number of failed attempts. */
  readonly attempts: number;
  /** Error of the last failed attempt. */
  readonly error?: string | undefined;
}

/** A task and its outcome. */
export interface OutboxTaskState extends OutboxTask {
  readonly completed: boolean;
  /** Result of the completion. */
  readonly result?: JsonValue | undefined;
}
