const MARKER = Symbol.for('rampart.Refusal');

/** What a refusal says besides its message. */
export interface RefusalOptions {
  /** In seconds; becomes `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** More members of the answer. Nothing secret, nothing that the caller doesn't know. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** An answer that is no success and no failure of ours: the error handler shows it as the route's protocol wants it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusCode: number;
  /** For programs, e.g. `forbidden`, `conflict`; on OFREP routes one of its error codes. */
  readonly code: string;
  readonly retryAfter: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  /** @param message for people: the field and the fix; goes out as it is, so it repeats nothing that was sent */
  constructor(statusCode: number, code: string, message: string, { retryAfter, details }: RefusalOptions = {}) {
    super(message);
    Object.defineProperty(this, MARKER, { value: true });
    this.statusCode = statusCode;
    this.code = code;
    this.retryAfter = retryAfter;
    this.details = details;
  }
}

/** Whether this is a refusal, also one of another copy of the package. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && MARKER in value;
}
