/** Kinds of database problem. */
export type StoreErrorKind =
  /** No server answers at the address, or the connection broke. */
  | 'unreachable'
  /** No answer in time, or no free connection. */
  | 'timeout'
  /** No answer to the commit of a write arrived: an {@link OutcomeUnknownError}, which has the id of the entry. */
  | 'outcome_unknown'
  /** The database takes no writes. */
  | 'read_only'
  /** The server is a replica, which may be behind the primary. */
  | 'replica'
  /** A newer, incompatible version of this package migrated the database. */
  | 'schema_newer'
  /** `tenant_ai_consents` may have changed without an entry in the control log. AI stays closed until `migrate` repairs it. */
  | 'unwatched'
  /** The database is not migrated to this version. */
  | 'schema_older'
  /** Another process has locked the folder of the embedded database. */
  | 'locked'
  /** Access is denied: wrong password, missing rights, wrong secret, closed store. */
  | 'refused'
  /** Any other problem. */
  | 'broken';

const MARKER = Symbol.for('rampart.StoreError');

/** The database can't be used. The message names the fix, and never the password or the secret. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link StoreError}, also of another copy of this package. */
export function isStoreError(value: unknown): value is StoreError {
  return typeof value === 'object' && value !== null && MARKER in value;
}

const OUTCOME_MARKER = Symbol.for('rampart.OutcomeUnknownError');

/**
 * The connection broke or timed out after the commit of a write was sent, so the write may be recorded. Repeat the same write with
 * {@link id} as its `id`: it is recorded at most once, and the result names its entry.
 */
export class OutcomeUnknownError extends StoreError {
  /** Id of the entry that may be recorded. */
  readonly id: string;

  constructor(id: string, cause: StoreError) {
    super('outcome_unknown', cause.message.replace('the same id', `the id "${id}"`), { cause });
    this.id = id;
    Object.defineProperty(this, OUTCOME_MARKER, { value: true });
  }
}

/** Whether a caught value is an {@link OutcomeUnknownError}, also of another copy of this package. */
export function isOutcomeUnknownError(value: unknown): value is OutcomeUnknownError {
  return typeof value === 'object' && value !== null && OUTCOME_MARKER in value;
}
