/** One side of a comparison, and what it must answer for the comparison to mean anything. */
export interface Side {
  readonly call: (index: number) => unknown;
  readonly async?: boolean;
  readonly answer: (result: unknown) => string;
  /** Every answer that its subjects get. */
  readonly expected: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly what: string;
  readonly wanted: number | null;
  readonly strictly?: boolean;
  readonly measure?: 'allocation';
  /** `same`: each subject gets the same answer on both sides. */
  readonly prepare: () => Promise<{ readonly ours: Side; readonly other: Side; readonly same?: boolean }>;
}

export declare const ROWS: readonly Row[];
