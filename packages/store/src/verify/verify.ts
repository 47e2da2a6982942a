import { ControlInputError } from '@rampart/core';
import type { Finding, Verification, VerifyOptions } from '../api/verification.js';
import type { Database } from '../database/database.js';
import type { LockedHead, Session } from '../database/sql-dialect.js';
import { readHead } from '../log/chain.js';
import { signPending } from '../log/head.js';
import { parseRotation, ROTATION_KIND } from '../log/rotation.js';
import { findUnwatched } from '../schema/consent-watch.js';
import { type LogLine, LogWalk } from './log-verifier.js';
import { headFindings } from './verify-heads.js';
import { stateFindings } from './verify-state.js';

const PAGE = 1_000;
const MOST_FINDINGS = 100;

/** Reads the whole log, and the state, as of one moment. */
export async function verify(database: Database, { heads = [] }: VerifyOptions = {}): Promise<Verification> {
  if (!Array.isArray(heads)) throw new ControlInputError('heads', heads, 'hand in a list of what head() returned');
  const exported = heads.map(readHead);
  const sealed = await signPending(database);
  return database.session(async (session) => {
    await beginSnapshot(database, session);
    try {
      const { sql, chains } = database;
      const head = await headOf(database, session);
      const walk = new LogWalk(
        database,
        head,
        exported.map(({ position }) => position),
        await firstCheckOf(session, head),
      );
      await readAll(session, (line) => walk.take(line));
      const found = [
        ...walk.findings(),
        ...headFindings({ chains, head, walk, exported }),
        ...(await stateFindings({ sql, session, fold: walk.fold })),
        ...(await watchFindings(database)),
      ].sort((one, other) => one.position - other.position);
      return {
        ok: found.length === 0,
        findings: firstOf(found),
        entries: walk.entries,
        sealed,
        erased: walk.erased,
        signedWithSecret: chains.isOwn(head.key_check),
        head: chains
          .require(head.key_check)
          .sign({ epoch: head.epoch, position: head.sealed, mac: head.mac, at: head.now }),
      };
    } finally {
      await session.rows('rollback').catch(() => undefined);
    }
  });
}

/** In a session of its own: what the server says of tables is no part of a snapshot. */
async function watchFindings(database: Database): Promise<readonly Finding[]> {
  if (database.sql.family !== 'mysql') return [];
  const problem = await database.session(findUnwatched);
  if (problem === undefined) return [];
  return [{ kind: 'state', position: 0, message: `tenant_ai_consents: ${problem}; run rampart migrate` }];
}

async function beginSnapshot({ sql }: Database, session: Session): Promise<void> {
  if (sql.family === 'postgres') {
    await session.rows('begin isolation level repeatable read read only');
    return;
  }
  await session.rows('set transaction isolation level repeatable read');
  await session.rows('start transaction with consistent snapshot');
}

async function headOf({ sql }: Database, session: Session): Promise<LockedHead> {
  const [head] = await session.rows<LockedHead>(
    `select epoch, position, sealed, mac, key_check, ${sql.now} as now from rampart_head where id = 1`,
  );
  if (head === undefined) throw new Error('rampart_head has no row');
  return head;
}

/** The check of the secret that the log was begun with. */
async function firstCheckOf(session: Session, head: LockedHead): Promise<string> {
  const [first] = await session.rows<{ what: string | null }>(
    `select d.data as what from rampart_log l left join rampart_detail d on d.id = l.id and d.part = 'what'
      where l.kind = ? order by l.position limit 1`,
    [ROTATION_KIND],
  );
  return parseRotation(first?.what ?? null)?.from ?? head.key_check;
}

async function readAll(session: Session, take: (line: LogLine) => void): Promise<void> {
  let after = 0;
  for (;;) {
    const lines = await session.rows<LogLine>(
      `select l.position, l.id, l.kind, l.subject, l.recorded_at, l.what, l.who, l.mac,
          w.salt as what_salt, w.data as what_data, o.salt as who_salt, o.data as who_data
        from (select * from rampart_log where position > ? order by position limit ${PAGE}) l
        left join rampart_detail w on w.id = l.id and w.part = 'what'
        left join rampart_detail o on o.id = l.id and o.part = 'who'
        order by l.position`,
      [after],
    );
    for (const line of lines) take(line);
    const last = lines.at(-1);
    if (last === undefined) return;
    after = last.position;
  }
}

// The same place can be found wrong in several ways; the first of a kind says it.
function firstOf(found: readonly Finding[]): readonly Finding[] {
  const seen = new Map(found.map((finding) => [`${finding.kind} ${finding.position} ${finding.message}`, finding]));
  return [...seen.values()].slice(0, MOST_FINDINGS);
}
