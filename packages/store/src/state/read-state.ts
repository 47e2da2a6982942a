import { setImmediate as afterOtherWork } from 'node:timers/promises';
import {
  type ControlChange,
  isTenantChange,
  readId,
  type SameChoice,
  SharedFold,
  type SharedSnapshot,
  TenantFold,
  type TenantSnapshot,
  type UserChoice,
} from '@rampart/core';
import type { ItemKind } from '../api/control-items.js';
import { type Database, requirePrimary } from '../database/database.js';
import type { Session, SqlDialect } from '../database/sql-dialect.js';
import { CONSENT_WHAT, consentOfRow, stateOf } from './consent-row.js';
import { changeOf, itemType } from './item.js';
import type { ColumnValue } from './item-types.js';
import { requireTenant } from './subject.js';

/** Number of columns of the widest item. */
const WIDTH = 6;
const TENANT_KINDS: readonly ItemKind[] = ['consent', 'choice', 'preference', 'override'];
const SHARED_KINDS: readonly ItemKind[] = ['model', 'kill', 'cap', 'floor', 'calibration'];

type Cells = Readonly<Record<string, string | null>>;
type Line = Cells & { readonly kind: ItemKind | 'head' };

/** Rows processed before yielding to the event loop, and user choices per page. */
const MAX_ROWS_AT_ONCE = 5_000;

/** The state of a tenant and its log position, in one snapshot. */
export async function readTenant(database: Database, tenantId: string): Promise<TenantSnapshot> {
  const tenant = readId('tenantId', tenantId);
  requireTenant(database.sql, tenant);
  const fold = new TenantFold();
  const classes = new Set<string>();
  const add = (change: ControlChange): void => {
    if (!isTenantChange(change)) return;
    // Two spellings of one class: which of them applies is unknown.
    const isSecond = change.kind === 'consent' && classes.has(change.featureClass);
    if (change.kind === 'consent') classes.add(change.featureClass);
    fold.add(isSecond ? { ...change, consent: { state: 'unknown' } } : change);
  };
  // One statement is one snapshot, which includes the first page of choices. Later pages may be newer than the position: followers
  // apply those changes again, in order, and reach the same state.
  const place = await database.session(async (session) => {
    const { lines, ...logPosition } = await read(
      database,
      session,
      TENANT_KINDS,
      Array<string>(unionAll(database.sql, TENANT_KINDS).split('?').length - 1).fill(tenant),
      add,
    );
    await addChoices(database, session, { tenant, first: lines.filter(({ kind }) => kind === 'choice'), fold });
    return logPosition;
  });
  return { ...place, tenant: fold.result };
}

/** The shared state and its log position, in one snapshot. */
export async function readShared(database: Database): Promise<SharedSnapshot> {
  const fold = new SharedFold();
  const add = (change: ControlChange): void => {
    if (!isTenantChange(change)) fold.add(change);
  };
  const { lines: _, ...place } = await database.session((session) => read(database, session, SHARED_KINDS, [], add));
  return { ...place, shared: fold.result };
}

async function read(
  database: Database,
  session: Session,
  kinds: readonly ItemKind[],
  values: readonly string[],
  add: (change: ControlChange) => void,
): Promise<{ readonly epoch: string; readonly position: number; readonly lines: readonly Line[] }> {
  const lines = await session.rows<Line>(unionAll(database.sql, kinds), values);
  const head = lines.find(({ kind }) => kind === 'head');
  if (head === undefined) throw new Error('rampart_head has no row');
  requirePrimary(head['c2'], database);
  // Only items of lists have an order.
  const items = lines.filter(({ kind }) => kind !== 'head' && kind !== 'choice');
  const placed = items.filter(({ seq }) => seq !== '0');
  placed.sort((one, other) => Number(one['seq']) - Number(other['seq']));
  const others = items.filter(({ seq }) => seq === '0');
  for (const rows of [others, placed]) {
    await inParts(rows, (line) => {
      const change = changeOfLine(line, values[0]);
      if (change !== undefined) add(change);
    });
  }
  return { epoch: String(head['c0']), position: Number(head['c1']), lines };
}

/** Processes many rows and yields to the event loop in between. */
async function inParts<T>(rows: readonly T[], each: (row: T) => void): Promise<void> {
  for (let start = 0; start < rows.length; start += MAX_ROWS_AT_ONCE) {
    if (start > 0) await afterOtherWork();
    for (const row of rows.slice(start, start + MAX_ROWS_AT_ONCE)) each(row);
  }
}

interface Pages {
  readonly tenant: string;
  /** The page of the first statement. */
  readonly first: readonly Cells[];
  readonly fold: TenantFold;
}

/**
 * Adds the user choices page by page, and yields to the event loop in between. A row of a page has all users with the same choice of the same
 * class: a tenant may have 100,000 choices.
 */
async function addChoices({ sql }: Database, session: Session, { tenant, first, fold }: Pages): Promise<void> {
  let page = first;
  for (;;) {
    let count = 0;
    let last: ChoiceKey | undefined;
    for (const row of page) {
      const group = choicesOf(row, tenant);
      fold.addChoices(group);
      count += group.users.length;
      if (last === undefined || group.last.place > last.place) last = group.last;
    }
    if (last === undefined || count < MAX_ROWS_AT_ONCE) return;
    await afterOtherWork();
    page = await session.rows<Cells>(nextChoices(sql), [tenant, last.user, last.user, last.featureClass]);
  }
}

/** Key of a choice and its position in the page. */
interface ChoiceKey {
  readonly user: string;
  readonly featureClass: string;
  readonly place: number;
}

function choicesOf(row: Cells, tenant: string): SameChoice & { readonly last: ChoiceKey } {
  const { c0, c1, c2: list, c3: user, c4: place, c5: count } = row;
  const featureClass = c0 ?? '';
  const users = JSON.parse(list ?? '[]') as readonly string[];
  // MariaDB silently truncates a list above group_concat_max_len.
  if (users.length !== Number(count))
    throw new Error(
      `read ${users.length} of ${count} user choices of tenant ${tenant}: group_concat_max_len of the session was changed`,
    );
  return {
    featureClass,
    choice: readChoice(c1),
    users,
    last: { user: user ?? '', featureClass, place: Number(place) },
  };
}

function changeOfLine(line: Line, tenant: string | undefined): ControlChange | undefined {
  const kind = line.kind as ItemKind;
  if (kind === 'consent') return consentOfLine(line, tenant ?? '');
  const { keys, columns: values } = itemType(kind);
  const cells = keysOf(kind).concat(values);
  const cell = (name: string): ColumnValue => line[`c${cells.indexOf(name)}`] ?? null;
  const named = Object.fromEntries(keys.map((name) => [name, name === 'tenant_id' ? tenant : cell(name)]));
  return changeOf({
    kind,
    keys: named as Readonly<Record<string, string>>,
    values: Object.fromEntries(values.map((name) => [name, cell(name)])),
  });
}

function readChoice(text: string | null | undefined): UserChoice {
  return text === 'opt_in' || text === 'opt_out' ? text : 'unknown';
}

function consentOfLine({ c0, c1, c2, c3 }: Line, tenant: string): ControlChange | undefined {
  const consent = consentOfRow({ state: c1 ?? null, version: c2 ?? null, what: c3 ?? null });
  return consent && { kind: 'consent', tenant, featureClass: c0 ?? '', consent };
}

/** Keys of a row beside the tenant. */
function keysOf(kind: ItemKind): readonly string[] {
  return itemType(kind).keys.filter((name) => name !== 'tenant_id');
}

const texts = new Map<string, string>();

function unionAll(sql: SqlDialect, kinds: readonly ItemKind[]): string {
  const key = `${sql.family} ${kinds.join(' ')}`;
  const text = texts.get(key) ?? [headPart(sql), ...kinds.map((kind) => unionPart(sql, kind))].join(' union all ');
  texts.set(key, text);
  return text;
}

function headPart(sql: SqlDialect): string {
  return selectOf(sql, 'head', ['epoch', 'position', sql.isReplica], '0', 'from rampart_head where id = 1');
}

function unionPart(sql: SqlDialect, kind: ItemKind): string {
  const { table, keys, columns: values } = itemType(kind);
  const ofTenant = keys.includes('tenant_id');
  if (kind === 'consent') return consentPart(sql);
  if (kind === 'choice') return choicePart(sql);
  const columns = [...keysOf(kind), ...values].map((name) => `i.${name}`);
  // Lists are ordered by their last changes, as in core's fold; maps have no order.
  const isList = keys.includes('id');
  const log = isList ? ' join rampart_log l on l.id = i.entry' : '';
  const where =
    kind === 'preference' ? 'i.tenant_id = ?' : `${ofTenant ? 'i.tenant_id = ? and ' : ''}i.${values[0]} is not null`;
  return selectOf(sql, kind, columns, isList ? 'l.position' : '0', `from ${table} i${log} where ${where}`);
}

/** The first page of a tenant's choices by key. */
function choicePart(sql: SqlDialect): string {
  return selectOf(sql, 'choice', choiceColumns(sql), '0', choicePage(''));
}

/** The page after a user and class. MariaDB uses no index for a comparison of row values. */
function nextChoices(sql: SqlDialect): string {
  const cells = choiceColumns(sql).map((column, index) => `${sql.text(column)} as c${index}`);
  return `select ${cells.join(', ')} ${choicePage('and i.user_id >= ? and (i.user_id > ? or i.feature_class > ?)')}`;
}

function choiceColumns(sql: SqlDialect): readonly string[] {
  return ['p.feature_class', 'p.choice', sql.jsonArray('p.user_id'), 'max(p.user_id)', 'max(p.place)', 'count(*)'];
}

function choicePage(after: string): string {
  const order = 'order by i.user_id, i.feature_class';
  return `from (
    select i.*, row_number() over (${order}) as place from (
      select i.user_id, i.feature_class, i.choice from rampart_user_choice i
        where i.tenant_id = ? and i.choice is not null ${after} ${order} limit ${MAX_ROWS_AT_ONCE}
    ) i
  ) p group by p.feature_class, p.choice`;
}

// Rows, and entries without a row, which may have been deleted without a trigger.
function consentPart(sql: SqlDialect): string {
  const featureClass = sql.consentClass('c.feature_class');
  const terms = `left join rampart_consent_terms t
    on t.tenant_id = ${sql.text('c.tenant_id')} and t.feature_class = ${sql.text(featureClass)}`;
  const rows = `from tenant_ai_consents c ${terms} where c.tenant_id = ${sql.consentTenant}`;
  const none = `from rampart_consent_terms t where t.tenant_id = ? and not exists (select 1 from tenant_ai_consents c
    where c.tenant_id = ${sql.consentTenant} and ${featureClass} = t.feature_class)`;
  return [
    selectOf(sql, 'consent', [featureClass, stateOf(sql), 't.version', CONSENT_WHAT], '0', rows),
    selectOf(sql, 'consent', ['t.feature_class', 'null', 't.version', CONSENT_WHAT], '0', none),
  ].join(' union all ');
}

function selectOf(sql: SqlDialect, kind: string, columns: readonly string[], seq: string, rest: string): string {
  const cells = Array.from({ length: WIDTH }, (_, index) => {
    const column = columns[index];
    return `${column === undefined ? 'null' : sql.text(column)} as c${index}`;
  });
  return `select ${sql.text(`'${kind}'`)} as kind, ${cells.join(', ')}, ${sql.text(seq)} as seq ${rest}`;
}
