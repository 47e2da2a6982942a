import type { ItemKind } from '../api/control-items.js';
import type { Finding } from '../api/verification.js';
import type { KeyPart, Session, SqlDialect, Statement } from '../database/sql-dialect.js';
import { canonical } from '../log/canonical.js';
import {
  changeOf,
  ITEM_KINDS,
  isPresent,
  itemName,
  itemType,
  sameValues,
  valuesOf,
  writtenChange,
} from '../state/item.js';
import type { RecordedItem } from './log-verifier.js';

type Row = Readonly<Record<string, unknown>>;

/** The state and its source. */
export interface StateCheck {
  readonly sql: SqlDialect;
  readonly session: Session;
  /** The items of the log. Rows that are compared are removed from it: both may be millions. */
  readonly recorded: Map<string, RecordedItem>;
  /** Maximum rows per statement. @default 10000 */
  readonly pageSize?: number | undefined;
}

/** A page is read within the timeout of one statement, on a busy database. */
const PAGE_SIZE = 10_000;

/** Compares the tables of the state with the items of the log, both ways. */
export async function stateFindings({
  sql,
  session,
  recorded,
  pageSize = PAGE_SIZE,
}: StateCheck): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const kind of ITEM_KINDS) {
    for (let last: Row | undefined, isMore = true; isMore; ) {
      const { text, values } = pageQuery(sql, kind, pageSize, last);
      const rows = await session.rows<Row>(text, values);
      for (const row of rows) findings.push(...rowFindings(kind, row, recorded));
      last = rows.at(-1);
      isMore = rows.length === pageSize;
    }
  }
  return [...findings, ...missingItems(recorded)];
}

function rowFindings(kind: ItemKind, row: Row, recorded: Map<string, RecordedItem>): readonly Finding[] {
  const name = itemName(kind, row);
  const unrecorded = finding(0, `${name} is in ${itemType(kind).table} and in no entry`);
  // Consents that were there before the log have no entry.
  if (row['entry'] === null) return [unrecorded];
  const item = recorded.get(name);
  recorded.delete(name);
  if (item === undefined) {
    // A tombstone may remain after the entries were erased with the tenant that they named.
    return isPresent({ kind, values: valuesOf(kind, row) }) ? [unrecorded] : [];
  }
  if (row['entry'] !== item.entry || !sameValues(valuesOf(kind, row), item.values)) {
    return [finding(item.position, `${name} differs from entry ${item.position}`)];
  }
  if (isKnown(kind, row)) return [];
  const value = canonical(valuesOf(kind, row));
  return [finding(item.position, `${name} has the unknown value ${value}, which closes AI: record it again`)];
}

/** Whether the row's values are ones that Rampart writes. */
function isKnown(kind: ItemKind, row: Row): boolean {
  const { keys } = itemType(kind);
  const named = Object.fromEntries(keys.map((name) => [name, String(row[name])]));
  const item = { kind, keys: named, values: valuesOf(kind, row) };
  // Any other text in these columns reads as `unknown`; the text `unknown` is no known value either.
  const isUnknown = ['state', 'choice', 'model'].some((column) => item.values[column] === 'unknown');
  return !isUnknown && canonical({ change: changeOf(item) }) === canonical({ change: writtenChange(item) });
}

/** Selects keys, values and entry of the rows after the last one, as the same text on every database. */
function pageQuery(sql: SqlDialect, kind: ItemKind, pageSize: number, last: Row | undefined): Statement {
  const { table, keys, columns: valueColumns } = itemType(kind);
  const columns = kind === 'consent' ? [...keys, 'state'] : [...keys, ...valueColumns, 'entry'];
  const key = keys.map((column) => keyPart(sql, kind, column, last));
  const { text: after, values } = last === undefined ? { text: '1 = 1', values: [] } : sql.keysetCondition(key);
  const order = keys.join(', ');
  const text = `select ${columns.join(', ')} from ${table} where ${after} order by ${order} limit ${pageSize}`;
  return { text: kind === 'consent' ? consentsOf(sql, text) : text, values };
}

function keyPart(sql: SqlDialect, kind: ItemKind, column: string, last: Row | undefined): KeyPart {
  if (kind !== 'consent') return { column, placeholder: '?', value: last?.[column] };
  return column === 'tenant_id'
    ? { column, placeholder: sql.consentTenant, value: last?.[column] }
    : { column, placeholder: '?', value: last?.['spelling'] };
}

// Looks up terms row by row: a cached plan made for small tables must stay fast when they grow.
function consentsOf(sql: SqlDialect, page: string): string {
  const [tenant, featureClass] = [sql.text('c.tenant_id'), sql.text(sql.consentClass('c.feature_class'))];
  const term = (column: string): string =>
    `(select t.${column} from rampart_consent_terms t
      where t.tenant_id = ${tenant} and t.feature_class = ${featureClass}) as ${column}`;
  return `select ${tenant} as tenant_id, ${featureClass} as feature_class, c.feature_class as spelling, coalesce(${sql.text('c.state')}, '') as state,
      ${term('version')}, ${term('entry')}
    from (${page}) c order by c.tenant_id, c.feature_class`;
}

// Legacy code deletes the row of a consent to unset it.
function missingItems(recorded: ReadonlyMap<string, RecordedItem>): readonly Finding[] {
  return [...recorded]
    .filter(([name, { values }]) => !(name.startsWith('["consent"') && values['state'] === 'unset'))
    .map(([name, { position }]) => finding(position, `${name} is missing; entry ${position} recorded it`));
}

function finding(position: number, message: string): Finding {
  return { kind: 'state', position, message };
}
