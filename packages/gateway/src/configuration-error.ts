const MARKER = Symbol.for('rampart.ConfigurationError');

/** A configuration that can't be used. Its message names the field and the fix, and never a value: that may be a secret. */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError';
  /** Dotted, e.g. `keys.0.hash`; empty for the whole. */
  readonly field: string;
  readonly fix: string;

  constructor(field: string, fix: string) {
    super(`gateway: ${field === '' ? '' : `${field}: `}${fix}`);
    this.field = field;
    this.fix = fix;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether this is a {@link ConfigurationError}, also one of another copy of the package. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return typeof error === 'object' && error !== null && MARKER in error;
}
