import type { ControlChange } from '@rampart/core';
import { type LockedHead, placeholders, type Session, type Sql } from '../database/sql-dialect.js';
import { type Chain, commitment, type EntryRow } from './chain.js';
import type { Keyring } from './chains.js';

/** An entry with its payload; null after an erasure. */
export interface EntryWithPayload extends EntryRow {
  readonly what_salt: string | null;
  readonly what_data: string | null;
}

/** Options of {@link signPendingEntries}. */
export interface PendingEntrySigner {
  readonly sql: Sql;
  readonly chains: Keyring;
  /** Pseudonyms whose payloads this transaction has deleted, so that they can't be checked. @default none */
  readonly erased?: ReadonlySet<string> | undefined;
}

/** The end of the signed entries. */
export interface SignedRange {
  /** Position of the last signed entry. */
  readonly position: number;
  readonly mac: string;
  /** Number of newly signed entries. */
  readonly count: number;
}

/** Entries per statement. */
const BATCH_SIZE = 500;
const NO_SUBJECTS: ReadonlySet<string> = new Set();

/**
 * Signs the entries that legacy code wrote by SQL. The head must be locked.
 *
 * An intruder with SQL access can insert an entry that no trigger wrote and move the head. Such an entry is skipped: it is never signed, the
 * next entry follows the last signed one, and `verify` reports it as foreign from then on. Refusing to write instead would let the intruder
 * prevent a kill.
 */
export async function signPendingEntries(
  { sql, chains, erased }: PendingEntrySigner,
  session: Session,
  head: LockedHead,
): Promise<SignedRange> {
  let range: SignedRange = { position: head.sealed, mac: head.mac, count: 0 };
  // PostgreSQL has no such triggers: every unsigned entry is foreign.
  if (sql.family !== 'mysql') return range;
  const chain = chains.require(head.key_check);
  for (let after = head.sealed; after < head.position; ) {
    const rows = await readUnsigned(session, after, head.position);
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.position;
    range = await signRows(
      chain,
      session,
      rows.filter((row) => isLegacyTriggerEntry(row, erased)),
      range,
    );
  }
  return range;
}

/**
 * Whether the triggers on `tenant_ai_consents` can have written an entry: kind `consent`, without a version of terms. Checks the payload
 * against its commitment, because processes apply the payload.
 */
export function isLegacyTriggerEntry(entry: EntryWithPayload, erased: ReadonlySet<string> = NO_SUBJECTS): boolean {
  const { kind, subject, what, what_salt: salt, what_data: data } = entry;
  if (kind !== 'consent') return false;
  if (salt === null || data === null) return erased.has(subject);
  return commitment(salt, data) === what && isConsentEntry(data);
}

function isConsentEntry(data: string): boolean {
  try {
    const { change } = JSON.parse(data) as { readonly change: ControlChange };
    return change.kind === 'consent' && change.consent.version === undefined;
  } catch {
    return false;
  }
}

function readUnsigned(session: Session, after: number, upTo: number): Promise<readonly EntryWithPayload[]> {
  return session.rows<EntryWithPayload>(
    `select l.position, l.id, l.kind, l.subject, l.recorded_at, l.what, l.who, w.salt as what_salt, w.data as what_data
      from (select * from rampart_log where position > ? and position <= ? and mac is null
        order by position limit ${BATCH_SIZE}) l
      left join rampart_detail w on w.id = l.id and w.part = 'what' order by l.position`,
    [after, upTo],
  );
}

async function signRows(
  chain: Chain,
  session: Session,
  rows: readonly EntryWithPayload[],
  { position, mac: last, count }: SignedRange,
): Promise<SignedRange> {
  let mac = last;
  const macs = rows.map((row) => {
    mac = chain.mac(mac, row);
    return [row.position, mac] as const;
  });
  if (macs.length > 0) {
    await session.execute(
      `update rampart_log set mac = case position ${macs.map(() => 'when ? then ?').join(' ')} end
        where mac is null and position in (${placeholders(macs)})`,
      [...macs.flat(), ...macs.map(([at]) => at)],
    );
  }
  return { position: macs.at(-1)?.[0] ?? position, mac, count: count + macs.length };
}
