/** One side of a comparison, and what it must answer for the comparison to mean anything. */
export interface Side {
  readonly call: (index: number) => unknown;
  readonly async?: boolean;
  readonly answer: (result: unknown) => string;
  /** Every answer that its subjects get. */
  readonly expected: readonly string[];
}

interface AnyRow {
  readonly id: string;
  readonly what: string;
  /** At most this (`strictly`: less; `atLeast`: at least), by version of Node or for all; null where the figure is only shown. */
  readonly wanted: number | { readonly 20: number; readonly 24: number } | null;
  readonly strictly?: boolean;
  readonly atLeast?: boolean;
}

/** Two sides that take turns, on each version of Node. */
export interface ComparedRow extends AnyRow {
  readonly measure?: 'allocation';
  /** `same`: each subject gets the same answer on both sides. */
  readonly prepare: () => Promise<{ readonly ours: Side; readonly other: Side; readonly same?: boolean }>;
}

/** A figure from servers or processes of its own, on the running Node alone unless it says `everyNode`. Throws where what it measures isn't so. */
export interface WholeRow extends AnyRow {
  readonly measure: 'whole';
  /** @default false */
  readonly everyNode?: boolean;
  /** @default none: a ratio */
  readonly unit?: string;
  /** Of Node, for the process that measures. */
  readonly execArgv?: readonly string[];
  /** @default 120 */
  readonly mostSeconds?: number;
  /** Starts what it needs and stops it. `smoke`: in a short form whose figure means nothing. */
  readonly run: (options: { readonly smoke: boolean }) => Promise<{ readonly value: number; readonly note: string }>;
}

export type Row = ComparedRow | WholeRow;

export declare const ROWS: readonly Row[];
