import { ControlInputError } from '@rampart/core';
import type { Finding, Verification, VerifyOptions } from '../api/verification.js';
import type { Database } from '../database/database.js';
import type { Session } from '../database/sql-dialect.js';
import { readHead } from '../log/chain.js';
import { signPending } from '../log/head.js';
import { readHeadRow } from '../log/head-row.js';
import { parseRotation, ROTATION_KIND } from '../log/rotation.js';
import { findUnwatched } from '../schema/consent-watch.js';
import { type LogRecord, LogVerifier } from './log-verifier.js';
import { headFindings } from './verify-heads.js';
import { stateFindings } from './verify-state.js';

const PAGE_SIZE = 1_000;
const MAX_FINDINGS = 100;

/** Checks the log and the state as of one moment. */
export async function verify(database: Database, { heads = [] }: VerifyOptions = {}): Promise<Verification> {
  if (!Array.isArray(heads)) throw new ControlInputError('heads', heads, 'pass a list of heads that head() returned');
  const exported = heads.map(readHead);
  const sealed = await signPending(database);
  return database.session(async (session) => {
    await beginSnapshot(database, session);
    try {
      const { sql, chains } = database;
      const head = await readHeadRow(database, session);
      const comparedPositions = exported.map(({ position }) => position);
      const log = new LogVerifier(database, head, comparedPositions, await firstKeyCheck(session));
      await readPages(session, (page) => log.addPage(page));
      const afterLog =
        log.firstBreak() === undefined
          ? [
              ...headFindings({ chains, head, log, exported }),
              ...(await stateFindings({ sql, session, recorded: log.items })),
            ]
          : [];
      const findings = [...log.findings(), ...afterLog, ...(await watchFindings(database))];
      findings.sort((one, other) => one.position - other.position);
      return {
        ok: findings.length === 0,
        findings: findings.slice(0, MAX_FINDINGS),
        entries: log.entries,
        sealed,
        erased: log.erased,
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

/** Uses a session of its own: the definition of a table is no part of a snapshot. */
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

/** The key check of the secret that signed the first entry, according to the first rotation. */
async function firstKeyCheck(session: Session): Promise<string | undefined> {
  const [first] = await session.rows<{ what: string | null }>(
    `select d.data as what from rampart_log l left join rampart_detail d on d.id = l.id and d.part = 'what'
      where l.kind = ? order by l.position limit 1`,
    [ROTATION_KIND],
  );
  return parseRotation(first?.what ?? null)?.from;
}

async function readPages(session: Session, add: (page: readonly LogRecord[]) => void): Promise<void> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: readonly LogRecord[] = await session.rows<LogRecord>(
      `select l.position, l.id, l.kind, l.subject, l.recorded_at, l.what, l.who, l.mac,
          w.salt as what_salt, w.data as what_data, o.salt as who_salt, o.data as who_data
        from (select * from rampart_log where position > ? order by position limit ${PAGE_SIZE}) l
        left join rampart_detail w on w.id = l.id and w.part = 'what'
        left join rampart_detail o on o.id = l.id and o.part = 'who'
        order by l.position`,
      [after],
    );
    add(page);
    after = page.at(-1)?.position;
  }
}
