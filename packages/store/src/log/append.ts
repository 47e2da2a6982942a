import { randomUUID } from 'node:crypto';
import { formatRevision } from '@rampart/core';
import type { RecordedEntry } from '../api/recorded-entry.js';
import type { Database, TransactionSteps } from '../database/database.js';
import { insertRows, type Session, type SignedRow, type Statement } from '../database/sql-dialect.js';
import { canonical } from './canonical.js';
import { commitment, type EntryRow, newSalt } from './chain.js';
import { type PendingEntrySigner, signPendingEntries } from './pending-entries.js';

/** An entry to append. */
export interface NewEntry {
  /** @default a random UUID */
  readonly id?: string | undefined;
  readonly kind: string;
  /** Pseudonym of the tenant or user; empty without one. */
  readonly subject: string;
  readonly flag?: string | undefined;
  readonly what: unknown;
  readonly actor: string;
  readonly reason: string;
}

/** An entry without position and time, and its payload and author. */
export interface PreparedEntry {
  readonly row: Omit<EntryRow, 'position' | 'recorded_at'>;
  readonly details: readonly (readonly unknown[])[];
}

/** What a transaction writes, decided from what it has read. */
export type Plan =
  | {
      /** Writes nothing; the result of the transaction. */
      readonly skip: readonly RecordedEntry[];
    }
  | {
      readonly entries: readonly NewEntry[];
      /** Statements that run one after the other before the head of the log is locked. @default none */
      readonly batches?: readonly Statement[] | undefined;
      /** Statements that run with the lock on the head, on PostgreSQL as one statement. */
      readonly writes: readonly Statement[];
      /** Pseudonyms whose entries this transaction erases. @default none */
      readonly erased?: ReadonlySet<string> | undefined;
    };

/** A transaction that appends entries. */
export interface PlannedSteps<S> {
  readonly read: (session: Session) => Promise<S>;
  /** Pure: decides from what was read alone. */
  readonly plan: (current: S) => Plan;
}

/**
 * The steps of a transaction that appends entries: the last writes, the lock on the head of the log, the signed entries. Readers see entries
 * in the order of their positions, because a position is assigned under a lock that lasts until the commit.
 */
export function appendPlanned<S>(
  signer: PendingEntrySigner,
  { read, plan }: PlannedSteps<S>,
): TransactionSteps<S, readonly RecordedEntry[]> {
  return {
    read,
    async write(session, current) {
      const planned = plan(current);
      if ('skip' in planned) return { rollback: planned.skip };
      const { entries, batches = [], writes, erased } = planned;
      for (const { text, values } of batches) await session.execute(text, values);
      const prepared = entries.map(prepareEntry);
      const head = await signer.sql.lockHead(session, [...writes, insertDetails(prepared)]);
      const chain = signer.chains.require(head.key_check);
      let { mac } = await signPendingEntries({ ...signer, erased }, session, head);
      const append = prepared.map(({ row }, index): SignedRow => {
        const placed = { ...row, position: head.position + 1 + index, recorded_at: head.now };
        mac = chain.mac(mac, placed);
        return { ...placed, mac };
      });
      return { append, commit: append.map(({ id, position }) => toRecordedEntry(head.epoch, position, id)) };
    },
  };
}

/** Runs a transaction that appends entries. */
export function runPlanned<S>(
  database: Database,
  lockKey: string,
  steps: PlannedSteps<S>,
): Promise<readonly RecordedEntry[]> {
  return database.transaction(lockKey, appendPlanned({ sql: database.sql, chains: database.chains }, steps));
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
