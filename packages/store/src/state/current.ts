import type { ControlChange } from '@rampart/core';
import type { Session, SqlDialect } from '../database/sql-dialect.js';
import { stateOf } from './consent-row.js';
import { changeOf, type Item, isPresent, itemType, valuesOf } from './item.js';
import type { ColumnValues } from './item-types.js';
import { findSubject, type PersonalData, personalDataOf, type Subject, subjectFor } from './subject.js';

/** What a change depends on. */
export interface ItemState {
  readonly epoch: string;
  /** The entry that already has the id of the write. */
  readonly applied: AppliedEntry | undefined;
  /** The last entry about the item; undefined for a new item. */
  readonly last: LastEntry | undefined;
  readonly values: ColumnValues | undefined;
  /** The change that would record the current item; undefined without an item. */
  readonly change: ControlChange | undefined;
  /** The tenant or user whose erasure includes the entry; undefined without one. */
  readonly subject: Subject | undefined;
  /** Number of other items of the tenant, where a limit applies; else 0. */
  readonly others: number;
}

/** An entry with payload and author. */
export interface AppliedEntry {
  readonly position: number;
  readonly kind: string;
  /** JSON of the payload; null after an erasure. */
  readonly what: string | null;
  /** JSON of actor and reason; null after an erasure. */
  readonly who: string | null;
}

interface LastEntry {
  readonly position: number;
  readonly at: number;
  /** JSON of actor and reason; null after an erasure. */
  readonly who: string | null;
}

interface CurrentRow extends Readonly<Record<string, unknown>> {
  readonly epoch: string;
  readonly applied: number | null;
  readonly applied_kind: string | null;
  readonly applied_what: string | null;
  readonly applied_who: string | null;
  readonly last_position: number | null;
  readonly last_at: number | null;
  readonly last_who: string | null;
  readonly pseudonym: string | null;
}

/** Reads what a change depends on. It stays the same until the transaction ends: other writers of the item wait for its lock. */
export async function readCurrent(
  sql: SqlDialect,
  session: Session,
  id: string,
  item: Item,
  person: PersonalData | undefined,
): Promise<ItemState> {
  if (sql.family === 'mysql' && item.kind === 'consent') await lockConsent(sql, session, item);
  const { source, values } = selectCurrentSql(sql, item);
  const columns = itemType(item.kind).columns;
  const [row] = await session.rows<CurrentRow>(
    `select h.epoch, a.position as applied, a.kind as applied_kind,
        (select d.data from rampart_detail d where d.id = a.id and d.part = 'what') as applied_what,
        (select d.data from rampart_detail d where d.id = a.id and d.part = 'who') as applied_who,
        l.position as last_position, l.recorded_at as last_at,
        (select w.data from rampart_detail w where w.id = i.entry and w.part = 'who') as last_who,
        s.pseudonym, ${columns.map((column) => `i.${column} as ${column}`).join(', ')}
      from rampart_head h
      left join rampart_log a on a.id = ?
      left join (${source}) i on 1 = 1
      left join rampart_log l on l.id = i.entry
      left join rampart_subject s on s.tenant_id = ? and s.user_id = ?
      where h.id = 1`,
    [id, ...values, person?.tenant ?? '', person?.user ?? ''],
  );
  if (row === undefined) throw new Error('rampart_head has no row');
  const state = toItemState(row, item);
  return {
    ...state,
    subject: await findSubjectOf(session, person, row.pseudonym, state.change),
    others: state.change === undefined && isPresent(item) ? await countOthers(sql, session, item) : 0,
  };
}

/** A removal is about the tenant that the removed item names. */
async function findSubjectOf(
  session: Session,
  person: PersonalData | undefined,
  pseudonym: string | null,
  before: ControlChange | undefined,
): Promise<Subject | undefined> {
  if (person !== undefined) return subjectFor(person, pseudonym ?? undefined);
  const former = before && personalDataOf(before);
  return former && findSubject(session, former);
}

async function countOthers(sql: SqlDialect, session: Session, { kind, keys }: Item): Promise<number> {
  const { limit } = itemType(kind);
  if (limit === undefined) return 0;
  const [row] = await session.rows<{ readonly count: unknown }>(
    `select count(*) as count from (select 1 as one from ${limit.others(sql)} limit ${limit.max}) t`,
    Object.values(keys),
  );
  return Number(row?.count);
}

function toItemState(row: CurrentRow, item: Item): Omit<ItemState, 'subject' | 'others'> {
  const { epoch, applied, last_position: position, last_at: at, last_who: who } = row;
  const isRecorded = position !== null;
  const stored = valuesOf(item.kind, row);
  // A consent that legacy code deleted has an entry and no row.
  const values = isRecorded && !(item.kind === 'consent' && stored['state'] === null) ? stored : undefined;
  return {
    epoch,
    applied: applied === null ? undefined : appliedEntryOf(row, applied),
    last: isRecorded ? { position, at: at ?? 0, who } : undefined,
    values,
    change: values && changeOf({ ...item, values }),
  };
}

function appliedEntryOf(row: CurrentRow, position: number): AppliedEntry {
  return { position, kind: row.applied_kind ?? '', what: row.applied_what, who: row.applied_who };
}

function selectCurrentSql(
  sql: SqlDialect,
  { kind, keys }: Item,
): { readonly source: string; readonly values: readonly string[] } {
  const { table, keys: names, columns } = itemType(kind);
  const keyValues = names.map((name) => keys[name] ?? '');
  if (kind !== 'consent') {
    const where = names.map((name) => `${name} = ?`).join(' and ');
    return { source: `select ${columns.join(', ')}, entry from ${table} where ${where}`, values: keyValues };
  }
  const isRow = `c.tenant_id = ${sql.consentTenant} and ${sql.consentClass('c.feature_class')} = ?`;
  return {
    source: `select ${stateOf(sql)} as state, t.version, t.entry from rampart_consent_terms t
      left join tenant_ai_consents c on ${isRow} where t.tenant_id = ? and t.feature_class = ?`,
    values: [...keyValues, ...keyValues],
  };
}

// Legacy code doesn't use lock keys: it locks the row that it writes.
async function lockConsent(sql: SqlDialect, session: Session, { keys }: Item): Promise<void> {
  await session.rows(
    `select 1 from tenant_ai_consents where tenant_id = ${sql.consentTenant}
      and ${sql.consentClass('feature_class')} = ? for update`,
    [keys['tenant_id'], keys['feature_class']],
  );
}
