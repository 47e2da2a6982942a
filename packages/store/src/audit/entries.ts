import { type ControlChange, formatRevision, type JsonValue, readId, readRecordedChange } from '@rampart/core';
import type { InferResult } from 'kysely';
import type { AuditEntry, EntryKind, EntryPage, EntryQuery } from '../api/audit-entry.js';
import type { Database } from '../database/database.js';
import { readLogEnd } from '../log/head-row.js';
import { secretFingerprint } from '../log/rotation.js';
import { changeOf, itemOf, resultingState } from '../state/item.js';
import { requireTenantAndUser } from '../state/subject.js';
import { requireInteger } from '../validate.js';

const MAX_ENTRIES_PER_PAGE = 1_000;

/** The audit trail, one page per call. */
export async function entries(database: Database, query: EntryQuery = {}): Promise<EntryPage> {
  const limit = readQuery(database, query);
  const { head, rows } = await database.session(async (session) => {
    const end = await readLogEnd(database, session);
    return { head: end, rows: await session.run(pageQuery(database, query, end.position, limit)) };
  });
  const page = rows.map((row) => toAuditEntry(head.epoch, row));
  const last = page.at(-1);
  return { entries: page, head, ...(page.length === limit && last && { next: last.position }) };
}

function pageQuery({ kysely }: Database, query: EntryQuery, upTo: number, limit: number) {
  const { kinds, tenant, user, flag, actor, id, from, to, after = 0 } = query;
  return kysely
    .selectFrom('rampart_log as l')
    .leftJoin('rampart_detail as w', (join) => join.onRef('w.id', '=', 'l.id').on('w.part', '=', 'what'))
    .leftJoin('rampart_detail as o', (join) => join.onRef('o.id', '=', 'l.id').on('o.part', '=', 'who'))
    .leftJoin('rampart_subject as s', 's.pseudonym', 'l.subject')
    .select(['l.position', 'l.id', 'l.kind', 'l.recorded_at', 'w.data as what', 'o.data as who'])
    .select(['s.tenant_id', 's.user_id', 'w.flag'])
    .where('l.position', '>', after)
    .where('l.position', '<=', upTo)
    .$if(id !== undefined, (rows) => rows.where('l.id', '=', id ?? ''))
    .$if(kinds !== undefined, (rows) => rows.where('l.kind', 'in', [...(kinds ?? []), '']))
    .$if(tenant !== undefined, (rows) => rows.where('s.tenant_id', '=', tenant ?? ''))
    .$if(user !== undefined, (rows) => rows.where('s.user_id', '=', user ?? ''))
    .$if(flag !== undefined, (rows) => rows.where('w.flag', '=', flag ?? ''))
    .$if(actor !== undefined, (rows) => rows.where('o.actor', '=', actor ?? ''))
    .$if(from !== undefined, (rows) => rows.where('l.recorded_at', '>=', from ?? 0))
    .$if(to !== undefined, (rows) => rows.where('l.recorded_at', '<', to ?? 0))
    .orderBy('l.position')
    .limit(limit);
}

function readQuery(
  { sql }: Database,
  { tenant, user, flag, actor, id, after, limit = 100, from, to }: EntryQuery,
): number {
  requireTenantAndUser(sql, { tenant, user });
  for (const [field, text] of Object.entries({ flag, actor, id })) if (text !== undefined) readId(field, text);
  requireInteger('limit', limit, 1, MAX_ENTRIES_PER_PAGE);
  for (const [field, value] of Object.entries({ after, from, to })) {
    if (value !== undefined) requireInteger(field, value, 0);
  }
  return limit;
}

type EntryRow = InferResult<ReturnType<typeof pageQuery>>[number];

interface EntryPayload {
  readonly change?: ControlChange;
  readonly edit?: JsonValue;
  readonly erased?: { readonly scope: string };
  readonly rotation?: { readonly from: string; readonly to: string };
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

function toAuditEntry(epoch: string, row: EntryRow): AuditEntry {
  const { position, id, kind, recorded_at: at, what, who, tenant_id: tenant, user_id: user, flag } = row;
  const payload = what === null ? undefined : (JSON.parse(what) as EntryPayload);
  const { actor, reason } = JSON.parse(who ?? '{}') as { readonly actor?: string; readonly reason?: string };
  return {
    position,
    revision: formatRevision({ epoch, position }),
    id,
    kind: kind as EntryKind,
    at,
    erased: what === null,
    ...(tenant !== null && { tenant }),
    ...(user !== null && user !== '' && { user }),
    ...(flag !== null && { flag }),
    ...(payload && payloadFields(payload)),
    ...(actor !== undefined && { actor, reason }),
  };
}

function payloadFields({
  change,
  edit,
  erased,
  rotation,
  before = null,
  after = null,
}: EntryPayload): Partial<AuditEntry> {
  if (change !== undefined) {
    const read = readRecordedChange(change);
    return { before, after: resultingState(read && changeOf(itemOf(read))), ...(read && { change: read }) };
  }
  if (edit !== undefined) return { before, after, edit };
  if (rotation !== undefined) {
    const { from, to } = rotation;
    return { before: { secret: secretFingerprint(from) }, after: { secret: secretFingerprint(to) } };
  }
  return { after: erased === undefined ? null : { erased: erased.scope } };
}
