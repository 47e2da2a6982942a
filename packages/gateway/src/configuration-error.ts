const MARKER = Symbol.for('rampart.ConfigurationError');

/** One setting that can't be used. */
export interface ConfigurationProblem {
  /** Dotted, e.g. `keys.0.hash`; empty for the whole. */
  readonly field: string;
  /** The value as JSON. Undefined where it may hold a secret, is long, or is missing. */
  readonly value?: string | undefined;
  /** What to write instead. */
  readonly fix: string;
}

/** A configuration that can't be used. Its message names every problem at once: field, value and fix, and never a secret. */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError';
  /** Every problem, at least one. */
  readonly problems: readonly ConfigurationProblem[];
  /** The field of the first problem. */
  readonly field: string;
  /** The fix of the first problem. */
  readonly fix: string;

  constructor(problems: readonly ConfigurationProblem[]) {
    const [first = { field: '', fix: 'it can not be used' }] = problems;
    const lines = problems.map(describeProblem);
    super(lines.length > 1 ? `gateway: ${lines.length} problems\n  ${lines.join('\n  ')}` : `gateway: ${lines[0]}`);
    this.problems = problems;
    this.field = first.field;
    this.fix = first.fix;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** `port = "http": use a whole number`. */
function describeProblem({ field, value, fix }: ConfigurationProblem): string {
  const place = value === undefined ? field : `${field} = ${value}`;
  return place === '' ? fix : `${place}: ${fix}`;
}

/** Whether this is a {@link ConfigurationError}, also one of another copy of the package. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return typeof error === 'object' && error !== null && MARKER in error;
}
