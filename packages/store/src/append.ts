import { randomUUID } from 'node:crypto';
import { formatRevision } from '@rampart/core';
import { canonical } from './canonical.js';
import { type Chain, commitment, type LogRow, newSalt } from './chain.js';
import type { Applied } from './control-store.js';
import { insertRows, type LockedHead, type SealedRow, type Session, type Sql, type Statement } from './sql.js';

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

/** How entries are chained, and said to the database. */
export interface Appender {
  readonly sql: Sql;
  readonly chain: Chain;
}

interface Drafted {
  readonly row: Omit<LogRow, 'position' | 'recorded_at'>;
  readonly details: readonly (readonly unknown[])[];
}

/** How many unsealed entries are sealed by one statement. */
const SEALED_AT_ONCE = 500;

/**
 * The end of every writing transaction: the last writes, then the lock on the head, then the entries, then the commit.
 * Readers see entries in the order of their positions, because whoever has a position has the lock until it is committed.
 */
export async function append(
  { sql, chain }: Appender,
  session: Session,
  drafts: readonly Draft[],
  writes: readonly Statement[],
): Promise<readonly Applied[]> {
  const drafted = drafts.map(draftedOf);
  const head = await sql.lockHead(session, [...writes, detailsOf(drafted)]);
  let mac = await sealUpTo(chain, session, head);
  const rows = drafted.map(({ row }, index): SealedRow => {
    const placed = { ...row, position: head.position + 1 + index, recorded_at: head.now };
    mac = chain.mac(mac, placed);
    return { ...placed, mac };
  });
  await sql.finish(session, rows);
  return rows.map(({ id, position }) => appliedOf(head.epoch, position, id));
}

export function appliedOf(epoch: string, position: number, id: string): Applied {
  return { epoch, position, revision: formatRevision({ epoch, position }), id };
}

/** Gives their macs to entries that old code wrote by SQL; returns the last one. The head has to be locked. */
export async function sealUpTo(chain: Chain, session: Session, head: LockedHead): Promise<string> {
  let { mac, sealed } = head;
  while (sealed < head.position) {
    const rows = await session.rows<LogRow>(
      `select position, id, kind, subject, recorded_at, what, who from rampart_log
        where position > ? and mac is null order by position limit ${SEALED_AT_ONCE}`,
      [sealed],
    );
    const macs = rows.map((row) => {
      mac = chain.mac(mac, row);
      return [row.position, mac] as const;
    });
    const last = macs.at(-1)?.[0];
    if (last === undefined) break;
    await session.change(
      `update rampart_log set mac = case position ${macs.map(() => 'when ? then ?').join(' ')} end
        where mac is null and position in (${macs.map(() => '?').join(', ')})`,
      [...macs.flat(), ...macs.map(([position]) => position)],
    );
    sealed = last;
  }
  return mac;
}

function draftedOf({ id = randomUUID(), kind, subject, flag, what, actor, reason }: Draft): Drafted {
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

function detailsOf(drafted: readonly Drafted[]): Statement {
  return insertRows(
    'rampart_detail',
    DETAIL_COLUMNS,
    drafted.flatMap(({ details }) => details),
  );
}
