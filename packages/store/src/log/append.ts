import { randomUUID } from 'node:crypto';
import { formatRevision } from '@rampart/core';
import type { RecordedEntry } from '../api/recorded-entry.js';
import { isStoreError, OutcomeUnknownError } from '../api/store-error.js';
import { insertRows, type Session, type SignedRow, type Sql, type Statement } from '../database/sql-dialect.js';
import { canonical } from './canonical.js';
import { commitment, type EntryRow, newSalt } from './chain.js';
import { type PendingEntrySigner, signPendingEntries } from './pending-entries.js';

/** An entry to be appended. */
export interface NewEntry {
  /** @default a random UUID */
  readonly id?: string | undefined;
  readonly kind: string;
  /** Pseudonym; empty for what is about nobody. */
  readonly subject: string;
  readonly flag?: string | undefined;
  readonly what: unknown;
  readonly actor: string;
  readonly reason: string;
}

/** An entry that has no place yet, and what stands beside the log. */
export interface PreparedEntry {
  readonly row: Omit<EntryRow, 'position' | 'recorded_at'>;
  readonly details: readonly (readonly unknown[])[];
}

/**
 * The end of every writing transaction: the last writes, then the lock on the head, then the entries, then the commit.
 * Readers see entries in the order of their positions, because whoever has a position has the lock until it is committed.
 *
 * @throws OutcomeUnknownError with the id of the first draft
 */
export async function append(
  signer: PendingEntrySigner,
  session: Session,
  entries: readonly NewEntry[],
  writes: readonly Statement[],
): Promise<readonly RecordedEntry[]> {
  const { sql, chains } = signer;
  const prepared = entries.map(prepareEntry);
  const head = await sql.lockHead(session, [...writes, insertDetails(prepared)]);
  const chain = chains.require(head.key_check);
  let { mac } = await signPendingEntries(signer, session, head);
  const rows = prepared.map(({ row }, index): SignedRow => {
    const placed = { ...row, position: head.position + 1 + index, recorded_at: head.now };
    mac = chain.mac(mac, placed);
    return { ...placed, mac };
  });
  await appendAndCommit(sql, session, rows);
  return rows.map(({ id, position }) => toRecordedEntry(head.epoch, position, id));
}

/**
 * Appends sealed entries, moves the head, and commits.
 *
 * @throws OutcomeUnknownError with the id of the first entry
 */
export async function appendAndCommit(sql: Sql, session: Session, rows: readonly SignedRow[]): Promise<void> {
  try {
    await sql.appendAndCommit(session, rows);
  } catch (error) {
    const [first] = rows;
    const isUnknown = isStoreError(error) && error.kind === 'outcome_unknown';
    throw isUnknown && first !== undefined ? new OutcomeUnknownError(first.id, error) : error;
  }
}

export function toRecordedEntry(epoch: string, position: number, id: string): RecordedEntry {
  return { epoch, position, revision: formatRevision({ epoch, position }), id };
}

export function prepareEntry({ id = randomUUID(), kind, subject, flag, what, actor, reason }: NewEntry): PreparedEntry {
  const [whatSalt, whoSalt] = [newSalt(), newSalt()];
  const [whatData, whoData] = [canonical(what), canonical({ actor, reason })];
  return {
    row: { id, kind, subject, what: commitment(whatSalt, whatData), who: commitment(whoSalt, whoData) },
    details: [
      [id, 'what', subject, null, flag ?? null, whatSalt, whatData],
      [id, 'who', subject, actor, null, whoSalt, whoData],
    ],
  };
}

const DETAIL_COLUMNS = ['id', 'part', 'subject', 'actor', 'flag', 'salt', 'data'];

export function insertDetails(drafted: readonly PreparedEntry[]): Statement {
  return insertRows(
    'rampart_detail',
    DETAIL_COLUMNS,
    drafted.flatMap(({ details }) => details),
  );
}
