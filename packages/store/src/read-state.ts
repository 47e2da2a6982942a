import { setImmediate as afterOtherWork } from 'node:timers/promises';
import {
  type ControlChange,
  isTenantChange,
  readId,
  readRecordedChange,
  SharedFold,
  type SharedSnapshot,
  TenantFold,
  type TenantSnapshot,
} from '@rampart/core';
import { CONSENT_WHAT, consentOfRow, stateOf } from './consent-row.js';
import type { ItemKind } from './control-store.js';
import { type Database, requirePrimary } from './database.js';
import { type Cell, changeOf, ITEM_TABLES } from './item.js';
import type { Session, Sql } from './sql.js';
import { requireTenant } from './subject.js';

/** Columns of the widest item, its keys ahead. */
const WIDTH = 6;
const TENANT_KINDS: readonly ItemKind[] = ['consent', 'choice', 'preference', 'override'];
const SHARED_KINDS: readonly ItemKind[] = ['model', 'kill', 'cap', 'floor', 'calibration'];

type Line = Readonly<Record<string, string | null>> & { readonly kind: ItemKind | 'head' };

/** Rows folded before other work of the process gets its turn, and rows of one page of the embedded database. */
const MAX_ROWS_AT_ONCE = 5_000;

/** Everything recorded about a tenant, with the position, in one snapshot. */
export async function readTenant(database: Database, tenantId: string): Promise<TenantSnapshot> {
  const tenant = readId('tenantId', tenantId);
  requireTenant(database.sql, tenant);
  const fold = new TenantFold();
  const classes = new Set<string>();
  const add = (change: ControlChange): void => {
    if (!isTenantChange(change)) return;
    // Two spellings of one class: which of them counts can't be known.
    const isSecond = change.kind === 'consent' && classes.has(change.featureClass);
    if (change.kind === 'consent') classes.add(change.featureClass);
    fold.add(isSecond ? { ...change, consent: { state: 'unknown' } } : change);
  };
  // One statement is one snapshot. The embedded database answers within this process, so a long answer would stop it;
  // pages are one snapshot there, because nothing else is asked in between.
  const isEmbedded = database.settings.address.engine === 'pglite';
  const kinds = isEmbedded ? TENANT_KINDS.filter((kind) => kind !== 'choice') : TENANT_KINDS;
  const place = await database.session(async (session) => {
    const found = await read(
      database,
      session,
      kinds,
      Array<string>(union(database.sql, kinds).split('?').length - 1).fill(tenant),
      add,
    );
    if (isEmbedded) await readChoices(session, tenant, add);
    return found;
  });
  return { ...place, tenant: fold.result };
}

/** Everything recorded that is no tenant's own, in one snapshot. */
export async function readShared(database: Database): Promise<SharedSnapshot> {
  const fold = new SharedFold();
  const add = (change: ControlChange): void => {
    if (!isTenantChange(change)) fold.add(change);
  };
  const place = await database.session((session) => read(database, session, SHARED_KINDS, [], add));
  return { ...place, shared: fold.result };
}

async function read(
  database: Database,
  session: Session,
  kinds: readonly ItemKind[],
  values: readonly string[],
  add: (change: ControlChange) => void,
): Promise<{ readonly epoch: string; readonly position: number }> {
  const lines = await session.rows<Line>(union(database.sql, kinds), values);
  const head = lines.find(({ kind }) => kind === 'head');
  if (head === undefined) throw new Error('rampart_head has no row');
  requirePrimary(head['c2'], database);
  // What is in no list has no place in it, and need not be sorted.
  const placed = lines.filter(({ kind, seq }) => kind !== 'head' && seq !== '0');
  placed.sort((one, other) => Number(one['seq']) - Number(other['seq']));
  const others = lines.filter(({ kind, seq }) => kind !== 'head' && seq === '0');
  for (const rows of [others, placed]) {
    await inParts(rows, (line) => {
      const change = changeOfLine(line, values[0]);
      if (change !== undefined) add(change);
    });
  }
  return { epoch: String(head['c0']), position: Number(head['c1']) };
}

/** Goes through many rows without keeping the process from other work. */
async function inParts<T>(rows: readonly T[], each: (row: T) => void): Promise<void> {
  for (let start = 0; start < rows.length; start += MAX_ROWS_AT_ONCE) {
    if (start > 0) await afterOtherWork();
    for (const row of rows.slice(start, start + MAX_ROWS_AT_ONCE)) each(row);
  }
}

interface ChoiceRow {
  readonly user_id: string;
  readonly feature_class: string;
  readonly choice: string | null;
}

async function readChoices(session: Session, tenant: string, add: (change: ControlChange) => void): Promise<void> {
  let after: readonly [user: string, featureClass: string] = ['', ''];
  for (;;) {
    const rows: readonly ChoiceRow[] = await session.rows<ChoiceRow>(
      `select user_id, feature_class, choice from rampart_user_choice
        where tenant_id = ? and (user_id, feature_class) > (?, ?) order by user_id, feature_class limit ${MAX_ROWS_AT_ONCE}`,
      [tenant, ...after],
    );
    for (const { user_id: user, feature_class: featureClass, choice } of rows) {
      const change =
        choice === null ? undefined : readRecordedChange({ kind: 'choice', tenant, user, featureClass, choice });
      if (change !== undefined) add(change);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < MAX_ROWS_AT_ONCE) return;
    after = [last.user_id, last.feature_class];
    await afterOtherWork();
  }
}

function changeOfLine(line: Line, tenant: string | undefined): ControlChange | undefined {
  const kind = line.kind as ItemKind;
  if (kind === 'consent') return consentOfLine(line, tenant ?? '');
  if (kind === 'choice' && tenant !== undefined) return choiceOfLine(line, tenant);
  const { keys, values } = ITEM_TABLES[kind];
  const cells = keysOf(kind).concat(values);
  const cell = (name: string): Cell => line[`c${cells.indexOf(name)}`] ?? null;
  const named = Object.fromEntries(keys.map((name) => [name, name === 'tenant_id' ? tenant : cell(name)]));
  return changeOf({
    kind,
    keys: named as Readonly<Record<string, string>>,
    values: Object.fromEntries(values.map((name) => [name, cell(name)])),
  });
}

// A tenant may have a hundred thousand of these.
function choiceOfLine({ c0, c1, c2 }: Line, tenant: string): ControlChange | undefined {
  if (c0 === null || c0 === undefined || c1 === null || c1 === undefined || (c2 !== 'opt_in' && c2 !== 'opt_out'))
    return undefined;
  return { kind: 'choice', tenant, user: c0, featureClass: c1, choice: c2 };
}

function consentOfLine({ c0, c1, c2, c3 }: Line, tenant: string): ControlChange | undefined {
  const consent = consentOfRow({ state: c1 ?? null, version: c2 ?? null, what: c3 ?? null });
  return consent && { kind: 'consent', tenant, featureClass: c0 ?? '', consent };
}

/** Keys that a row has to tell: the tenant is known. */
function keysOf(kind: ItemKind): readonly string[] {
  return ITEM_TABLES[kind].keys.filter((name) => name !== 'tenant_id');
}

const texts = new Map<string, string>();

function union(sql: Sql, kinds: readonly ItemKind[]): string {
  const key = `${sql.family} ${kinds.join(' ')}`;
  const text = texts.get(key) ?? [headPart(sql), ...kinds.map((kind) => part(sql, kind))].join(' union all ');
  texts.set(key, text);
  return text;
}

function headPart(sql: Sql): string {
  return selectOf(sql, 'head', ['epoch', 'position', sql.isReplica], '0', 'from rampart_head where id = 1');
}

function part(sql: Sql, kind: ItemKind): string {
  const { table, keys, values } = ITEM_TABLES[kind];
  const ofTenant = keys.includes('tenant_id');
  if (kind === 'consent') return consentPart(sql);
  const columns = [...keysOf(kind), ...values].map((name) => `i.${name}`);
  // Lists are in the order of their last changes, as the fold has them; maps have no order to keep.
  const isList = keys.includes('id');
  const log = isList ? ' join rampart_log l on l.id = i.entry' : '';
  const where =
    kind === 'preference' ? 'i.tenant_id = ?' : `${ofTenant ? 'i.tenant_id = ? and ' : ''}i.${values[0]} is not null`;
  return selectOf(sql, kind, columns, isList ? 'l.position' : '0', `from ${table} i${log} where ${where}`);
}

// Rows, and what the log says where a row is missing: it may have been removed where no trigger saw it.
function consentPart(sql: Sql): string {
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

function selectOf(sql: Sql, kind: string, columns: readonly string[], seq: string, rest: string): string {
  const cells = Array.from({ length: WIDTH }, (_, index) => {
    const column = columns[index];
    return `${column === undefined ? 'null' : sql.text(column)} as c${index}`;
  });
  return `select ${sql.text(`'${kind}'`)} as kind, ${cells.join(', ')}, ${sql.text(seq)} as seq ${rest}`;
}
