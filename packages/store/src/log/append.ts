import { randomUUID } from 'node:crypto';
import { formatRevision } from '@rampart/core';
import type { Applied } from '../api/control-store.js';
import { isStoreError, OutcomeUnknownError } from '../api/store-error.js';
import { insertRows, type SealedRow, type Session, type Sql, type Statement } from '../database/sql-dialect.js';
import { canonical } from './canonical.js';
import { commitment, type LogRow, newSalt } from './chain.js';
import { type Sealer, sealUpTo } from './pending-entries.js';

/** An entry to be appended. */
export interface Draft {
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
export interface Drafted {
  readonly row: Omit<LogRow, 'position' | 'recorded_at'>;
  readonly details: readonly (readonly unknown[])[];
}

/**
 * The end of every writing transaction: the last writes, then the lock on the head, then the entries, then the commit.
 * Readers see entries in the order of their positions, because whoever has a position has the lock until it is committed.
 *
 * @throws OutcomeUnknownError with the id of the first draft
 */
export async function append(
  appender: Sealer,
  session: Session,
  drafts: readonly Draft[],
  writes: readonly Statement[],
): Promise<readonly Applied[]> {
  const { sql, chains } = appender;
  const drafted = drafts.map(draftedOf);
  const head = await sql.lockHead(session, [...writes, detailsOf(drafted)]);
  const chain = chains.require(head.key_check);
  let { mac } = await sealUpTo(appender, session, head);
  const rows = drafted.map(({ row }, index): SealedRow => {
    const placed = { ...row, position: head.position + 1 + index, recorded_at: head.now };
    mac = chain.mac(mac, placed);
    return { ...placed, mac };
  });
  await finish(sql, session, rows);
  return rows.map(({ id, position }) => appliedOf(head.epoch, position, id));
}

/**
 * Appends sealed entries, moves the head, and commits.
 *
 * @throws OutcomeUnknownError with the id of the first entry
 */
export async function finish(sql: Sql, session: Session, rows: readonly SealedRow[]): Promise<void> {
  try {
    await sql.finish(session, rows);
  } catch (error) {
    const [first] = rows;
    const isUnknown = isStoreError(error) && error.kind === 'outcome_unknown';
    throw isUnknown && first !== undefined ? new OutcomeUnknownError(first.id, error) : error;
  }
}

export function appliedOf(epoch: string, position: number, id: string): Applied {
  return { epoch, position, revision: formatRevision({ epoch, position }), id };
}

export function draftedOf({ id = randomUUID(), kind, subject, flag, what, actor, reason }: Draft): Drafted {
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

export function detailsOf(drafted: readonly Drafted[]): Statement {
  return insertRows(
    'rampart_detail',
    DETAIL_COLUMNS,
    drafted.flatMap(({ details }) => details),
  );
}
