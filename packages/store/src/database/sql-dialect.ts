import type { EntryRow } from '../log/chain.js';

/** One statement; `?` stands for each value in turn. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One connection, held for some statements. */
export interface Session {
  rows<R>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** @returns how many rows were inserted, changed or deleted */
  execute(text: string, values?: readonly unknown[]): Promise<number>;
  /**
   * Commits the transaction.
   *
   * @throws StoreError `outcome_unknown` where the commit was sent and no answer says whether it took effect
   */
  commit(): Promise<void>;
}

/** The head of the log, locked: nobody else appends until the transaction ends. */
export interface LockedHead {
  readonly epoch: string;
  readonly position: number;
  /** Of the last entry with a mac; lower than `position` where old code, or somebody else, wrote by SQL since. */
  readonly sealed: number;
  /** Of the entry at `sealed`. */
  readonly mac: string;
  /** Names the secret that signs the next entry. */
  readonly key_check: string;
  /** The database's clock, in ms since 1970. */
  readonly now: number;
}

export interface SignedRow extends EntryRow {
  readonly mac: string;
}

/** A column of a key, and what it is held against. */
export interface KeyPart {
  readonly column: string;
  /** What stands for the value: `?`, or an expression around it. */
  readonly placeholder: string;
  readonly value: unknown;
}

/** What PostgreSQL and MySQL say differently. */
export interface Sql {
  readonly family: 'postgres' | 'mysql';
  /** Database clock in ms since 1970. */
  readonly now: string;
  /** 1 on a replica or a server that takes no writes, else 0. */
  readonly isReplica: string;
  /** A tenant id as a value of `tenant_ai_consents`. */
  readonly consentTenant: string;
  /** A tenant id of a table of ours as a value of `tenant_ai_consents`. */
  numberOf(column: string): string;
  /** An expression as text that can stand in a union with others. */
  text(expression: string): string;
  /** Aggregate: a JSON array of the texts of a group, in any order. */
  jsonArray(expression: string): string;
  /** A row whose `keys` may be there already. */
  upsert(table: string, keys: readonly string[], values: readonly string[]): string;
  /** Whether a row's key comes after another in the order of its index, which this looks up rather than reads through. */
  keysetCondition(key: readonly KeyPart[]): Statement;
  /** What `tenant_ai_consents` calls a class, as Rampart spells it. */
  consentClass(column: string): string;
  /**
   * Begins a transaction in which only this one of those with the same `turn` goes on, and takes the first look, which
   * sees what the one before left.
   */
  beginLocked<T>(session: Session, turn: string, look: () => Promise<T>): Promise<T>;
  /** Writes that need no lock on the head, then locks it. */
  lockHead(session: Session, writes: readonly Statement[]): Promise<LockedHead>;
  /** Appends, moves the head, commits. */
  appendAndCommit(session: Session, rows: readonly SignedRow[]): Promise<void>;
}

/** Statement that inserts one row. */
export function insert(table: string, row: Readonly<Record<string, unknown>>): Statement {
  return insertRows(table, Object.keys(row), [Object.values(row)]);
}

/** A mark for each value of a list: `?, ?, ?`. */
export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Statement that inserts some rows. */
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

/** Columns of the log, in the order of {@link logValues}. */
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
