/** What is wrong with the database, for callers that act on it; the message says it to people. */
export type StoreErrorKind =
  /** Nobody answers at that address, or the connection broke. */
  | 'unreachable'
  /** No answer in time, or no free connection; it is unknown whether a write took effect: repeat it with the same id. */
  | 'timeout'
  /** The database takes no writes. */
  | 'read_only'
  /** It is a replica, which may be behind; only the primary counts. */
  | 'replica'
  /** A newer version of this package migrated the database. */
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
