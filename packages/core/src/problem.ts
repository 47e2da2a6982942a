/** One thing wrong with a flag's configuration: names the flag, the field, the value and what to do. */
export interface Problem {
  readonly flag: string;
  /** What is wrong: a strategy parameter (`aiStage.rollout`), `strategies`, `dependencies`, `variants` or `binding`. */
  readonly field: string;
  /** The value as it was found, shortened to 80 characters; empty where something is missing. */
  readonly value: string;
  /** What to do about it, in one sentence. */
  readonly fix: string;
}

/** Builds a problem; any value may be passed, it is text as text and shortened. */
export function problem(flag: string, field: string, value: unknown, fix: string): Problem {
  const text = typeof value === 'string' ? value : value === undefined ? '' : (JSON.stringify(value) ?? String(value));
  return { flag, field, value: text.length > 80 ? `${text.slice(0, 79)}…` : text, fix };
}

/** One line for logs and lint output. */
export function describeProblem({ flag, field, value, fix }: Problem): string {
  return `${flag}: ${field}${value === '' ? '' : ` = ${JSON.stringify(value)}`}: ${fix}`;
}
