import type { ItemKind } from '../api/control-store.js';
import type { Finding } from '../api/verification.js';
import type { KeyPart, Session, Sql, Statement } from '../database/sql-dialect.js';
import { canonical } from '../log/canonical.js';
import {
  type ColumnValues,
  changeOf,
  ITEM_KINDS,
  ITEM_TABLES,
  isPresent,
  itemName,
  sameValues,
  writtenChange,
} from '../state/item.js';
import type { Folded } from './log-verifier.js';

type Row = Readonly<Record<string, unknown>>;

/** Where the state is, and what it is held against. */
export interface StateCheck {
  readonly sql: Sql;
  readonly session: Session;
  /** What the log says, row by row; what is found in the state is taken out of it, since both may be millions. */
  readonly fold: Map<string, Folded>;
  /** Rows that one statement reads. @default 10000 */
  readonly page?: number | undefined;
}

/** Each page has to be read within the timeout of a statement, on a database that has other work. */
const PAGE = 10_000;

/** Rows of the state that the log doesn't add up to, or adds up to and are not there. */
export async function stateFindings({ sql, session, fold, page = PAGE }: StateCheck): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const kind of ITEM_KINDS) {
    for (let last: Row | undefined, isMore = true; isMore; ) {
      const { text, values } = pageOf(sql, kind, page, last);
      const rows = await session.rows<Row>(text, values);
      for (const row of rows) found.push(...findingsOf(kind, row, fold));
      last = rows.at(-1);
      isMore = rows.length === page;
    }
  }
  return [...found, ...lost(fold)];
}

function findingsOf(kind: ItemKind, row: Row, fold: Map<string, Folded>): readonly Finding[] {
  const name = itemName(kind, row);
  const unknown = state(0, `${name} stands in ${ITEM_TABLES[kind].table}, and in no entry`);
  // A consent that no entry was ever recorded for: the table is older than ours, and others write to it.
  if (row['entry'] === null) return [unknown];
  const folded = fold.get(name);
  fold.delete(name);
  if (folded === undefined) {
    // What was lifted says nothing; the entries may have been erased with the tenant that it named.
    return isPresent({ kind, values: cellsOf(kind, row) }) ? [unknown] : [];
  }
  if (!isSame(kind, row, folded)) {
    return [state(folded.position, `${name} is not what entry ${folded.position} made it`)];
  }
  return isKnown(kind, row)
    ? []
    : [
        state(
          folded.position,
          `${name} holds ${canonical(cellsOf(kind, row))}, which is no known value: it counts as unknown, which closes, until it is recorded again`,
        ),
      ];
}

/** Whether the row's values are ones that Rampart writes. */
function isKnown(kind: ItemKind, row: Row): boolean {
  const { keys } = ITEM_TABLES[kind];
  const named = Object.fromEntries(keys.map((name) => [name, String(row[name])]));
  const item = { kind, keys: named, values: cellsOf(kind, row) };
  // These are read as the value `unknown` where they are none of their own, and may say so themselves.
  const isUnknown = ['state', 'choice', 'model'].some((column) => item.values[column] === 'unknown');
  return !isUnknown && canonical({ change: changeOf(item) }) === canonical({ change: writtenChange(item) });
}

/** Keys, values and the entry of some rows, spelt the same on every database, after the last of those before. */
function pageOf(sql: Sql, kind: ItemKind, page: number, last: Row | undefined): Statement {
  const { table, keys, values: cells } = ITEM_TABLES[kind];
  const columns = kind === 'consent' ? [...keys, 'state'] : [...keys, ...cells, 'entry'];
  const key = keys.map((column) => keyPart(sql, kind, column, last));
  const { text: after, values } = last === undefined ? { text: '1 = 1', values: [] } : sql.keysetCondition(key);
  const order = keys.join(', ');
  const text = `select ${columns.join(', ')} from ${table} where ${after} order by ${order} limit ${page}`;
  return { text: kind === 'consent' ? consentsOf(sql, text) : text, values };
}

function keyPart(sql: Sql, kind: ItemKind, column: string, last: Row | undefined): KeyPart {
  if (kind !== 'consent') return { column, placeholder: '?', value: last?.[column] };
  return column === 'tenant_id'
    ? { column, placeholder: sql.consentTenant, value: last?.[column] }
    : { column, placeholder: '?', value: last?.['spelling'] };
}

// Their terms are looked up one by one: a plan made while the tables were small must be good when they are not.
function consentsOf(sql: Sql, page: string): string {
  const [tenant, featureClass] = [sql.text('c.tenant_id'), sql.text(sql.consentClass('c.feature_class'))];
  const term = (column: string): string =>
    `(select t.${column} from rampart_consent_terms t
      where t.tenant_id = ${tenant} and t.feature_class = ${featureClass}) as ${column}`;
  return `select ${tenant} as tenant_id, ${featureClass} as feature_class, c.feature_class as spelling, coalesce(${sql.text('c.state')}, '') as state,
      ${term('version')}, ${term('entry')}
    from (${page}) c order by c.tenant_id, c.feature_class`;
}

function isSame(kind: ItemKind, row: Row, { values, entry }: Folded): boolean {
  return row['entry'] === entry && sameValues(cellsOf(kind, row), values);
}

function cellsOf(kind: ItemKind, row: Row): ColumnValues {
  return Object.fromEntries(ITEM_TABLES[kind].values.map((name) => [name, row[name] ?? null])) as ColumnValues;
}

// Old code deletes a consent's row to unset it.
function lost(left: ReadonlyMap<string, Folded>): readonly Finding[] {
  return [...left]
    .filter(([name, { values }]) => !(name.startsWith('["consent"') && values['state'] === 'unset'))
    .map(([name, { position }]) => state(position, `${name} is gone, which entry ${position} had recorded`));
}

function state(position: number, message: string): Finding {
  return { kind: 'state', position, message };
}
