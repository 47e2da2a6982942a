/** What went wrong, for callers that act on it; the message says it to people. */
export type AdminApiErrorKind =
  /** Nobody answers at that address: refused, unknown host, broken TLS. */
  | 'unreachable'
  /** No answer in time; it is unknown whether the request took effect. */
  | 'timeout'
  /** Something answers, but it isn't Unleash's admin API. */
  | 'wrong-url'
  /** The token is not accepted (401). */
  | 'unauthorized'
  /** The token is accepted, but may not do this (403). */
  | 'forbidden'
  | 'not-found'
  /** The name is taken (409). */
  | 'conflict'
  /** Unleash found the data invalid (400), or an option given to Rampart is. */
  | 'invalid'
  /** Unleash's rules, or Rampart's, forbid the operation: a second parent, a flag that exists. */
  | 'refused'
  /** The server lacks what Rampart needs. */
  | 'old-server'
  | 'rate-limited'
  /** Unleash itself failed (5xx). */
  | 'server-error'
  /** Valid JSON of a shape that this version of Rampart can't read. */
  | 'unexpected-answer';

/** What an {@link AdminApiError} carries besides its message. */
export interface AdminApiErrorOptions {
  readonly kind: AdminApiErrorKind;
  /** The HTTP status, where there was one. */
  readonly status?: number | undefined;
  /** What Unleash itself said, one entry per complaint. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

// Two versions of this package may be loaded at once; `instanceof` would then fail, the marker doesn't.
const MARKER = Symbol.for('rampart.AdminApiError');

/**
 * A call of Unleash's admin API that failed, or an operation that was refused before it did harm. The message names what
 * was asked, the value and the fix; it never holds the token.
 */
export class AdminApiError extends Error {
  override readonly name: string = 'AdminApiError';
  readonly kind: AdminApiErrorKind;
  readonly status: number | undefined;
  readonly details: readonly string[];

  constructor(message: string, options: AdminApiErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.status = options.status;
    this.details = options.details ?? [];
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is an {@link AdminApiError}, also of another copy of this package. */
export function isAdminApiError(value: unknown): value is AdminApiError {
  return typeof value === 'object' && value !== null && MARKER in value;
}

/** An operation that Rampart refuses; `message` says what is in the way and what to do. */
export function refuse(message: string): never {
  throw new AdminApiError(message, { kind: 'refused' });
}

/** An option whose value can't be used. */
export function invalid(message: string): never {
  throw new AdminApiError(message, { kind: 'invalid' });
}
