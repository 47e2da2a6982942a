const MARKER = Symbol.for('rampart.LimitError');

/** A tenant has as many items of a kind as can be recorded. Nothing was written. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  /** How many can be recorded. */
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
