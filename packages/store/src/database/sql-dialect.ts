import type { Compilable } from 'kysely';
import type { EntryRow } from '../log/chain.js';

/** A statement with a `?` for each value. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs statements over one connection. */
export interface Session {
  rows<R>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Runs a statement of the query builder. */
  run<R>(query: Compilable<R>): Promise<readonly R[]>;
  /** @returns number of inserted, updated or deleted rows */
  execute(text: string, values?: readonly unknown[]): Promise<number>;
  /**
   * Commits the transaction.
   *
   * @throws StoreError `outcome_unknown` if no answer to the commit arrives
   */
  commit(): Promise<void>;
}

/** The locked head of the log. No other transaction appends before this one ends. */
export interface LockedHead {
  readonly epoch: string;
  readonly position: number;
  /** Position of the last signed entry; below `position` if legacy code or an intruder wrote by SQL since. */
  readonly sealed: number;
  /** Mac of the entry at `sealed`. */
  readonly mac: string;
  /** Identifies the secret that signs the next entry. */
  readonly key_check: string;
  /** The database's clock, in ms since 1970. */
  readonly now: number;
}

export interface SignedRow extends EntryRow {
  readonly mac: string;
}

/** A key column and the value to compare it with. */
export interface KeyPart {
  readonly column: string;
  /** `?`, or an expression that contains it. */
  readonly placeholder: string;
  readonly value: unknown;
}

/** Differences in SQL between PostgreSQL and MySQL. */
export interface SqlDialect {
  readonly family: 'postgres' | 'mysql';
  /** The database's clock in ms since 1970. */
  readonly now: string;
  /** 1 on a replica or a server that takes no writes, else 0. */
  readonly isReplica: string;
  /** Placeholder of a tenant id, as a value of `tenant_ai_consents`. */
  readonly consentTenant: string;
  /** Column with a tenant id, as a value of `tenant_ai_consents`. */
  numberOf(column: string): string;
  /** Casts an expression to text with one collation, for unions. */
  text(expression: string): string;
  /** Aggregate: a JSON array of the texts of a group, in any order. */
  jsonArray(expression: string): string;
  /** Inserts a row or updates the one with the same keys. */
  upsert(table: string, keys: readonly string[], values: readonly string[]): string;
  /** Selects the rows after a key in the order of its index, by an index seek. */
  keysetCondition(key: readonly KeyPart[]): Statement;
  /** Normalizes the spelling of a class in `tenant_ai_consents`. */
  consentClass(column: string): string;
}

/** Statements of the append path. */
export interface LogWriter {
  /** Begins a transaction, waits for the previous one of the same lock key, and runs `read`, which sees what that one wrote. */
  beginLocked<T>(session: Session, lockKey: string, read: () => Promise<T>): Promise<T>;
  /** Runs the writes, then locks the head. */
  lockHead(session: Session, writes: readonly Statement[]): Promise<LockedHead>;
  /** Appends the entries, moves the head and commits. */
  appendAndCommit(session: Session, rows: readonly SignedRow[]): Promise<void>;
}

export type Sql = SqlDialect & LogWriter;

/** Inserts one row. */
export function insert(table: string, row: Readonly<Record<string, unknown>>): Statement {
  return insertRows(table, Object.keys(row), [Object.values(row)]);
}

/** A `?` for each value: `?, ?, ?`. */
export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Inserts several rows. */
export function insertRows(
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Statement {
  const row = `(${placeholders(columns)})`;
  return {
    text: `insert into ${table} (${columns.join(', ')}) values ${rows.map(() => row).join(', ')}`,
    values: rows.flat(),
  };
}

/** Columns of the log in the order of {@link logValues}. */
export const LOG_COLUMNS: readonly string[] = [
  'position',
  'id',
  'kind',
  'subject',
  'recorded_at',
  'what',
  'who',
  'mac',
];

export function logValues({
  position,
  id,
  kind,
  subject,
  recorded_at: at,
  what,
  who,
  mac,
}: SignedRow): readonly unknown[] {
  return [position, id, kind, subject, at, what, who, mac];
}
