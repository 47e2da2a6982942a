const MARKER = Symbol.for('rampart.LimitError');

/** A tenant has the maximum number of items of a kind. Nothing was written. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  /** Maximum number of items. */
  readonly limit: number;

  constructor(what: string, limit: number, fix: string) {
    super(`${what}: the tenant has ${limit}, which is the limit: ${fix}`);
    this.limit = limit;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link LimitError}, also of another copy of this package. */
export function isLimitError(value: unknown): value is LimitError {
  return typeof value === 'object' && value !== null && MARKER in value;
}
