/** Identifies one entry of the control log. */
export interface RecordedEntry {
  /** Identifies the database's control log. */
  readonly epoch: string;
  /** Position in the log, from 1. */
  readonly position: number;
  /** Epoch and position as one token; a caller may pass it as `consentRevision`. */
  readonly revision: string;
  /** Id of the write: the given one, or a random UUID. */
  readonly id: string;
}
