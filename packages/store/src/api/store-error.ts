/** What is wrong with the database, for callers that act on it; the message says it to people. */
export type StoreErrorKind =
  /** Nobody answers at that address, or the connection broke. */
  | 'unreachable'
  /** No answer in time, or no free connection. */
  | 'timeout'
  /** The commit of a write was sent and the answer never came: an {@link OutcomeUnknownError}, which carries the entry's id. */
  | 'outcome_unknown'
  /** The database takes no writes. */
  | 'read_only'
  /** It is a replica, which may be behind; only the primary counts. */
  | 'replica'
  /** A newer version of this package migrated the database, and this version can't work with that. */
  | 'schema_newer'
  /**
   * `tenant_ai_consents` may have changed where the control log didn't see it: AI stays closed until `migrate` has repaired it.
   */
  | 'unwatched'
  /** The database was not migrated, or not up to this version. */
  | 'schema_older'
  /** Another process holds the folder of the embedded database. */
  | 'locked'
  /** The database, or the store, doesn't allow it: wrong password, no rights, wrong secret, a closed store. */
  | 'refused'
  /** Anything else. */
  | 'broken';

const MARKER = Symbol.for('rampart.StoreError');

/** The store's database can't be used. The message names the fix, and never the password or the secret. */
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
 * The commit of a write was sent, and the connection broke or fell silent before the answer: the write may be recorded or
 * not. Repeat the same write with {@link id} as its `id`: it is recorded at most once, and the answer says where.
 */
export class OutcomeUnknownError extends StoreError {
  /** Of the entry that may be recorded. */
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
