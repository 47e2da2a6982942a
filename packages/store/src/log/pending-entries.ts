import type { ControlChange } from '@rampart/core';
import { type LockedHead, placeholders, type Session, type Sql } from '../database/sql-dialect.js';
import { type Chain, commitment, type EntryRow } from './chain.js';
import type { Keyring } from './chains.js';

/** An entry with what it says, where that is there. */
export interface EntryWithPayload extends EntryRow {
  readonly what_salt: string | null;
  readonly what_data: string | null;
}

/** Who gives macs to what old code wrote. */
export interface PendingEntrySigner {
  readonly sql: Sql;
  readonly chains: Keyring;
  /** Pseudonyms whose data this transaction deletes: what entries about them said can't be looked at any more. @default none */
  readonly erased?: ReadonlySet<string> | undefined;
}

/** Up to where entries have a mac now. */
export interface SignedRange {
  /** Of the last entry with a mac. */
  readonly position: number;
  readonly mac: string;
  /** How many entries were given one. */
  readonly count: number;
}

/** How many entries are looked at, and sealed, by one statement. */
const BATCH_SIZE = 500;
const NO_SUBJECTS: ReadonlySet<string> = new Set();

/**
 * Gives their macs to entries that old code wrote by SQL. The head has to be locked.
 *
 * Whoever may write SQL can put an entry there that no trigger wrote, and move the head behind it. Such an entry is passed
 * over: it never gets a mac, the next entry is chained to the last that has one, and `verify` calls it foreign for good.
 * To refuse to write instead would let the same person keep a kill from being recorded.
 */
export async function signPendingEntries(
  { sql, chains, erased }: PendingEntrySigner,
  session: Session,
  head: LockedHead,
): Promise<SignedRange> {
  let range: SignedRange = { position: head.sealed, mac: head.mac, count: 0 };
  // PostgreSQL has no such triggers: everything without a mac is foreign there.
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
 * Whether an entry is one that the triggers on `tenant_ai_consents` write: of the kind `consent`, about a state without
 * terms. What it says is held against what it committed to, because it is that which counts, not the entry's kind.
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
