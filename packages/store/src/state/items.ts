import { type ControlChange, ControlInputError, formatRevision, readId } from '@rampart/core';
import type { ConsentRecord, ControlItem, ItemKind, ItemQuery } from '../api/control-items.js';
import type { Database } from '../database/database.js';
import type { Session, SqlDialect } from '../database/sql-dialect.js';
import { consentOfRow, stateOf } from './consent-row.js';
import { changeOf, ITEM_KINDS, type Item, itemType, valuesOf } from './item.js';
import { requireTenantAndUser } from './subject.js';

interface ItemRow extends Readonly<Record<string, unknown>> {
  readonly epoch: string;
  readonly position: number;
  readonly at: number;
  readonly who: string | null;
  /** Payload of the entry; for consents only. */
  readonly what?: string | null;
}

/** The current items. */
export async function items(database: Database, query: ItemQuery = {}): Promise<readonly ControlItem[]> {
  const { kind, tenant, user, id } = query;
  if (kind !== undefined && !ITEM_KINDS.includes(kind)) {
    throw new ControlInputError('kind', kind, `use one of ${ITEM_KINDS.join(', ')}`);
  }
  requireTenantAndUser(database.sql, { tenant, user });
  if (id !== undefined) readId('id', id);
  const filter = { tenant_id: tenant, user_id: user, id };
  const kinds = ITEM_KINDS.filter((each) => (kind ?? each) === each && hasKeys(each, filter));
  return database.session(async (session) => {
    const all: ControlItem[] = [];
    for (const each of kinds) all.push(...(await itemsOfKind(database.sql, session, each, filter)));
    return all;
  });
}

/** The recorded consents of a tenant. */
export async function consents(database: Database, tenant: string): Promise<readonly ConsentRecord[]> {
  const records = await items(database, { kind: 'consent', tenant });
  return records.flatMap(({ change, ...rest }) => {
    if (change.kind !== 'consent') return [];
    return [{ tenant, featureClass: change.featureClass, consent: change.consent, ...rest }];
  });
}

type ItemFilter = Readonly<Record<string, string | undefined>>;

function hasKeys(kind: ItemKind, filter: ItemFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || itemType(kind).keys.includes(name));
}

async function itemsOfKind(
  sql: SqlDialect,
  session: Session,
  kind: ItemKind,
  filter: ItemFilter,
): Promise<readonly ControlItem[]> {
  const { keys, columns: values } = itemType(kind);
  const conditions = Object.entries(filter).filter(([, value]) => value !== undefined);
  const where = conditions.map(([name]) => `i.${name} = ?`).join(' and ');
  const rows = await session.rows<ItemRow>(
    `select h.epoch, l.position, l.recorded_at as at,
        (select w.data from rampart_detail w where w.id = i.entry and w.part = 'who') as who,
        ${kind === 'consent' ? "(select d.data from rampart_detail d where d.id = i.entry and d.part = 'what') as what," : ''}
        ${[...keys, ...values].map((name) => `i.${name} as ${name}`).join(', ')}
      from (${rowsOf(sql, kind)}) i
      join rampart_head h on h.id = 1
      join rampart_log l on l.id = i.entry
      ${where && `where ${where}`} order by l.position`,
    conditions.map(([, value]) => value),
  );
  return rows.flatMap((row) => itemOfRow(kind, row) ?? []);
}

function itemOfRow(kind: ItemKind, row: ItemRow): ControlItem | undefined {
  const keys = Object.fromEntries(itemType(kind).keys.map((name) => [name, String(row[name])]));
  const item = { kind, keys, values: valuesOf(kind, row) };
  const change = kind === 'consent' ? consentChange(item, row.what ?? null) : changeOf(item);
  if (change === undefined) return undefined;
  const { actor, reason } = JSON.parse(row.who ?? '{}') as { readonly actor?: string; readonly reason?: string };
  return { change, revision: formatRevision(row), actor, reason, at: row.at };
}

function consentChange({ keys, values }: Item, what: string | null): ControlChange | undefined {
  const consent = consentOfRow({ state: values['state'] ?? null, version: values['version'] ?? null, what });
  const { tenant_id: tenant = '', feature_class: featureClass = '' } = keys;
  return consent && { kind: 'consent', tenant, featureClass, consent };
}

/** Selects keys, values and entry of all rows of a kind, as the same text on every database. */
function rowsOf(sql: SqlDialect, kind: ItemKind): string {
  const { table, keys, columns: values } = itemType(kind);
  if (kind !== 'consent') return `select ${[...keys, ...values].join(', ')}, entry from ${table}`;
  return `select t.tenant_id, t.feature_class, ${stateOf(sql)} as state, t.version, t.entry
    from rampart_consent_terms t left join tenant_ai_consents c
      on c.tenant_id = ${sql.numberOf('t.tenant_id')} and ${sql.consentClass('c.feature_class')} = t.feature_class`;
}
