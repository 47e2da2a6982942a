import {
  applyShared,
  applyTenant,
  type ControlChange,
  EMPTY_SHARED,
  EMPTY_TENANT,
  isTenantChange,
  readId,
  type SharedControl,
  type SharedSnapshot,
  type TenantControl,
  type TenantSnapshot,
} from '@rampart/core';
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

/** Everything recorded about a tenant, with the position: one statement, so one snapshot. */
export async function readTenant(database: Database, tenantId: string): Promise<TenantSnapshot> {
  const tenant = readId('tenantId', tenantId);
  requireTenant(database.sql, tenant);
  const text = union(database.sql, TENANT_KINDS);
  const { changes, place } = await read(
    database,
    text,
    TENANT_KINDS.map(() => tenant),
  );
  const fold = (state: TenantControl, change: ControlChange) =>
    isTenantChange(change) ? applyTenant(state, change) : state;
  return { ...place, tenant: changes.reduce(fold, EMPTY_TENANT) };
}

/** Everything recorded that is no tenant's own, in one snapshot. */
export async function readShared(database: Database): Promise<SharedSnapshot> {
  const { changes, place } = await read(database, union(database.sql, SHARED_KINDS), []);
  const fold = (state: SharedControl, change: ControlChange) =>
    isTenantChange(change) ? state : applyShared(state, change);
  return { ...place, shared: changes.reduce(fold, EMPTY_SHARED) };
}

async function read(database: Database, text: string, values: readonly string[]) {
  const lines = await database.session((session: Session) => session.rows<Line>(text, values));
  const head = lines.find(({ kind }) => kind === 'head');
  if (head === undefined) throw new Error('rampart_head has no row');
  requirePrimary(head['c2'], database);
  const rows = lines.filter((line) => line !== head).sort((one, other) => Number(one['seq']) - Number(other['seq']));
  const changes = rows.flatMap((line) => changeOfLine(line, values[0]) ?? []);
  return { changes, place: { epoch: String(head['c0']), position: Number(head['c1']) } };
}

function changeOfLine(line: Line, tenant: string | undefined): ControlChange | undefined {
  const kind = line.kind as ItemKind;
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

function consentPart(sql: Sql): string {
  const featureClass = sql.consentClass('c.feature_class');
  const terms = `left join rampart_consent_terms t
    on t.tenant_id = ${sql.text('c.tenant_id')} and t.feature_class = ${sql.text(featureClass)}`;
  const from = `from tenant_ai_consents c ${terms} where c.tenant_id = ${sql.consentTenant}`;
  return selectOf(sql, 'consent', [featureClass, 'c.state', 't.version'], '0', from);
}

function selectOf(sql: Sql, kind: string, columns: readonly string[], seq: string, rest: string): string {
  const cells = Array.from({ length: WIDTH }, (_, index) => {
    const column = columns[index];
    return `${column === undefined ? 'null' : sql.text(column)} as c${index}`;
  });
  return `select ${sql.text(`'${kind}'`)} as kind, ${cells.join(', ')}, ${sql.text(seq)} as seq ${rest}`;
}
