/** The kind of a failure, for callers that act on it. */
export type AdminApiErrorKind =
  /** No connection: refused, unknown host, broken TLS. */
  | 'unreachable'
  /** No response in time; the request may have taken effect. */
  | 'timeout'
  /** The URL is not that of Unleash's admin API. */
  | 'wrong_url'
  /** The token is not accepted (401). */
  | 'unauthorized'
  /** The token lacks the permission (403). */
  | 'forbidden'
  | 'not_found'
  /** The name is taken (409). */
  | 'conflict'
  /** Unleash rejects the data (400), or an option is invalid. */
  | 'invalid'
  /** A rule of Unleash or Rampart forbids the operation: a second parent, a flag that exists. */
  | 'refused'
  /** The version of Unleash lacks required features. */
  | 'unsupported_version'
  | 'rate_limited'
  /** Unleash itself failed (5xx). */
  | 'server_error'
  /** Valid JSON of a shape that this version of Rampart can't read. */
  | 'unexpected_response';

/** Options of {@link AdminApiError}. */
export interface AdminApiErrorOptions {
  readonly kind: AdminApiErrorKind;
  /** The HTTP status, if there was a response. */
  readonly status?: number | undefined;
  /** Unleash's own messages. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

// `instanceof` fails if two versions of this package are loaded; the marker doesn't.
const MARKER = Symbol.for('rampart.AdminApiError');

/**
 * A failed call of Unleash's admin API, or an operation that Rampart refuses. The message names the operation, the value and the
 * fix, and never contains the token.
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

/** Refuses an operation. @param message the reason and the fix */
export function refuse(message: string): never {
  throw new AdminApiError(message, { kind: 'refused' });
}

/** Rejects the value of an option. */
export function invalid(message: string): never {
  throw new AdminApiError(message, { kind: 'invalid' });
}
