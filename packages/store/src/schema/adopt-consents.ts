import { randomUUID } from 'node:crypto';
import { type Compilable, CompiledQuery, type Kysely } from 'kysely';
import type { ConsentRepair } from '../api/control-store.js';
import { StoreError } from '../api/store-error.js';
import { retryOnConflict, runTransaction } from '../database/database.js';
import { MYSQL } from '../database/mysql/dialect.js';
import type { Settings } from '../database/settings.js';
import type { Session, Statement } from '../database/sql-dialect.js';
import { appendPlanned, type NewEntry } from '../log/append.js';
import { createChains, type Keyring } from '../log/chains.js';
import { parseChange } from '../log/read-log.js';
import { requireSecret } from '../log/require-secret.js';
import { CONSENT_WHAT, stateOf } from '../state/consent-row.js';
import { addSubject, findSubject } from '../state/subject.js';
import { mysqlConsent, mysqlTerms } from '../state/write-item.js';
import { consentTableProblems } from './consent-table.js';
import { CONSENT_PROCEDURES, CONSENT_TRIGGERS } from './consent-triggers.js';
import { findUnwatched, observeConsents } from './consent-watch.js';
import type { Tables } from './tables.js';

/** Maximum rows per statement and entries per transaction. */
const PAGE = 500;
/** Maximum repetitions because of concurrent changes. */
const MAX_ROUNDS = 5;

/** @throws StoreError `refused` that names every problem of the table */
export async function requireConsentTable(db: Kysely<Tables>, { address }: Settings): Promise<void> {
  const session = kyselySession(db);
  const problems = address.engine === 'mysql' ? await consentTableProblems(session) : await postgresProblems(session);
  if (problems.length === 0) return;
  throw new StoreError(
    'refused',
    `${address.redactedUrl}: its table tenant_ai_consents can't be adopted: ${problems.join('; ')}. Change it, rename it, or use another database`,
  );
}

const COLUMNS = ['tenant_id', 'feature_class', 'state', 'actor_user_id', 'set_at'];

async function postgresProblems(session: Session): Promise<readonly string[]> {
  const found = await session.rows<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
      where table_schema = current_schema() and table_name = 'tenant_ai_consents'`,
  );
  const missing = COLUMNS.filter((column) => !found.some(({ name }) => name === column));
  const tenantType = found.find(({ name }) => name === 'tenant_id')?.type.toLowerCase() ?? '';
  if (missing.length > 0) return missing.map((name) => `it lacks the column ${name}`);
  return /^(?:character varying|text)$/.test(tenantType) ? [] : [`has a tenant_id of type ${tenantType}`];
}

/**
 * Brings the control log in line with `tenant_ai_consents`: creates missing or different triggers, appends an entry for each different
 * consent, and stores the definition of the table. Idempotent. MySQL and MariaDB only.
 *
 * A row that was deleted without a trigger is recorded as unset, but an opt-out is inserted again: losing it must not open anything.
 */
export async function repairConsents(db: Kysely<Tables>, settings: Settings): Promise<ConsentRepair> {
  return db.connection().execute(async (connection) => {
    const session = kyselySession(connection);
    const chains = createChains(settings);
    await requireSecret(session, chains);
    // Concurrent repairs would drop each other's triggers.
    const lock = "concat('rampart consents ', left(md5(database()), 16))";
    await session.rows(`select get_lock(${lock}, 60)`);
    try {
      return await repair(connection, { session, appender: { sql: MYSQL, chains } }, settings);
    } finally {
      await session.rows(`select release_lock(${lock})`).catch(() => undefined);
    }
  });
}

async function repair(db: Kysely<Tables>, writer: Writer, settings: Settings): Promise<ConsentRepair> {
  const { session } = writer;
  let [recorded, restored] = [0, 0];
  for (let round = 1; ; round++) {
    await requireConsentTable(db, settings);
    await ensureProcedures(session);
    // AI stays closed during the repair. A trigger that notices another problem overwrites the mark.
    const mark = `a repair is under way (${randomUUID()})`;
    if ((await findUnwatched(session)) !== undefined) await setMark(session, mark);
    // Triggers first, rows second: a concurrent write is recorded by one of them.
    await ensureTriggers(session);
    const observed = await observeConsents(session);
    const [changed, removed] = [await recordRows(writer), await recordMissing(writer)];
    recorded += changed + removed.recorded;
    restored += removed.restored;
    await session.execute(
      'update rampart_consent_watch set observed = ?, broken = if(broken = ?, null, broken) where id = 1',
      [JSON.stringify(observed), mark],
    );
    const left = await findUnwatched(session);
    if (left === undefined) return { recorded, restored };
    if (round === MAX_ROUNDS) {
      throw new StoreError(
        'unwatched',
        `${settings.address.redactedUrl}: tenant_ai_consents changes while it is repaired: ${left}; repeat migrate`,
      );
    }
  }
}

async function setMark(session: Session, mark: string): Promise<void> {
  await session.execute('update rampart_consent_watch set broken = ? where id = 1', [mark]);
}

// Dropping a procedure drops its grants, so it is replaced only if its text differs.
async function ensureProcedures(session: Session): Promise<void> {
  const found = await session.rows<{ name: string; body: string }>(
    `select routine_name as name, routine_definition as body from information_schema.routines
      where routine_schema = database() and routine_name like 'rampart\\_consent\\_%'`,
  );
  for (const { name, head, body } of CONSENT_PROCEDURES) {
    const present = found.find((procedure) => procedure.name === name);
    if (present?.body === body) continue;
    await session.rows(`drop procedure if exists ${name}`);
    await session.rows(`create procedure ${name}${head} ${body}`);
  }
}

async function ensureTriggers(session: Session): Promise<void> {
  const found = await session.rows<{ name: string; table_name: string; event: string; body: string }>(
    `select trigger_name as name, event_object_table as table_name, event_manipulation as event, action_statement as body
      from information_schema.triggers where trigger_schema = database() and trigger_name like 'rampart\\_consent\\_%'`,
  );
  for (const { name, event, body } of CONSENT_TRIGGERS) {
    const present = found.find((trigger) => trigger.name === name);
    if (present?.body === body && present.table_name === 'tenant_ai_consents') continue;
    // On a renamed table it would record changes that no longer apply.
    await session.rows(`drop trigger if exists ${name}`);
    await session.rows(
      `create trigger ${name} after ${event.toLowerCase()} on tenant_ai_consents for each row ${body}`,
    );
  }
  await session.rows('drop procedure if exists rampart_consent_by_sql');
}

interface Writer {
  readonly session: Session;
  readonly appender: { readonly sql: typeof MYSQL; readonly chains: Keyring };
}

interface FoundConsent {
  readonly tenant: string;
  readonly class: string;
  readonly spelling: string;
  /** Null without a row. */
  readonly state: string | null;
  readonly entry: string | null;
  readonly what: string | null;
}

interface PresentConsent extends FoundConsent {
  /** Insertion of the row in ms since 1970, according to the log; 0 if it was inserted twice. */
  readonly present: number | null;
}

const CLASS = MYSQL.text(MYSQL.consentClass('c.feature_class'));
const TENANT = MYSQL.text('c.tenant_id');

/** Records every row of the table that differs from the log. */
async function recordRows(writer: Writer): Promise<number> {
  const { session } = writer;
  let count = 0;
  for (let last: FoundConsent | undefined, isMore = true; isMore; ) {
    const key = [
      { column: 'tenant_id', placeholder: MYSQL.consentTenant, value: last?.tenant },
      { column: 'feature_class', placeholder: '?', value: last?.spelling },
    ];
    const after = last === undefined ? { text: '1 = 1', values: [] } : MYSQL.keysetCondition(key);
    const rows = await session.rows<PresentConsent>(
      `select ${TENANT} as tenant, ${CLASS} as class, c.feature_class as spelling, ${stateOf(MYSQL)} as state,
          t.entry, ${CONSENT_WHAT} as what, t.present_since as present
        from (select tenant_id, feature_class, state from tenant_ai_consents where ${after.text}
          order by tenant_id, feature_class limit ${PAGE}) c
        left join rampart_consent_terms t on t.tenant_id = ${TENANT} and t.feature_class = ${CLASS}
        order by c.tenant_id, c.feature_class`,
      after.values,
    );
    if (differing(rows).length > 0) count += await recordAll(writer, rows);
    for (const row of rows.filter(({ entry, present }) => entry !== null && !present))
      await setPresent(session, row, true);
    last = rows.at(-1);
    isMore = rows.length === PAGE;
  }
  return count;
}

function differing(rows: readonly FoundConsent[]): readonly FoundConsent[] {
  return rows.filter((row) => row.entry === null || row.state !== stateIn(row.what));
}

/** The state in the payload of an entry, as written. */
function stateIn(what: string | null): string | undefined {
  if (what === null || parseChange(what)?.kind !== 'consent') return undefined;
  const { change } = JSON.parse(what) as { readonly change: { readonly consent?: { readonly state?: unknown } } };
  return String(change.consent?.state ?? '');
}

/** Appends entries for rows that still differ once they are locked. */
async function recordAll(writer: Writer, rows: readonly FoundConsent[]): Promise<number> {
  return inTransaction(writer, async (session) => {
    const drafts: NewEntry[] = [];
    const writes: Statement[] = [];
    // Sequentially: the second class of a tenant uses the pseudonym of the first.
    for (const row of differing(rows)) {
      const now = await locked(session, row);
      if (now === undefined || now.state === null || differing([now]).length === 0) continue;
      const reason =
        now.entry === null ? 'adopted' : 'the table says otherwise: it was changed where no trigger saw it';
      const draft = await draftOf(session, now, now.state, reason);
      drafts.push(draft);
      writes.push(mysqlTerms([now.tenant, now.class, null, draft.id], false));
    }
    return { drafts, writes };
  });
}

async function locked(
  session: Session,
  { tenant, class: featureClass }: FoundConsent,
): Promise<FoundConsent | undefined> {
  await session.rows(
    `select 1 from tenant_ai_consents where tenant_id = ${MYSQL.consentTenant}
      and ${MYSQL.consentClass('feature_class')} = ? for update`,
    [tenant, featureClass],
  );
  const [row] = await session.rows<FoundConsent>(
    `select k.tenant, k.class, '' as spelling, ${stateOf(MYSQL)} as state, t.entry, ${CONSENT_WHAT} as what
      from (select ${MYSQL.text('?')} as tenant, ${MYSQL.text('?')} as class) k
      left join rampart_consent_terms t on t.tenant_id = k.tenant and t.feature_class = k.class
      left join tenant_ai_consents c on c.tenant_id = ${MYSQL.consentTenant}
        and ${MYSQL.consentClass('c.feature_class')} = k.class`,
    [tenant, featureClass, tenant],
  );
  return row;
}

/** Records or restores every consent of the log without a row. */
async function recordMissing(writer: Writer): Promise<ConsentRepair> {
  const { session } = writer;
  let [recorded, restored] = [0, 0];
  for (let last: FoundConsent | undefined, isMore = true; isMore; ) {
    const key = [
      { column: 'tenant_id', placeholder: '?', value: last?.tenant },
      { column: 'feature_class', placeholder: '?', value: last?.class },
    ];
    const after = last === undefined ? { text: '1 = 1', values: [] } : MYSQL.keysetCondition(key);
    const rows = await session.rows<PresentConsent>(
      `select t.tenant_id as tenant, t.feature_class as class, '' as spelling, ${stateOf(MYSQL)} as state,
          t.entry, ${CONSENT_WHAT} as what, t.present_since as present
        from (select * from rampart_consent_terms where ${after.text}
          order by tenant_id, feature_class limit ${PAGE}) t
        left join tenant_ai_consents c on c.tenant_id = ${MYSQL.numberOf('t.tenant_id')}
          and ${MYSQL.consentClass('c.feature_class')} = t.feature_class
        order by t.tenant_id, t.feature_class`,
      after.values,
    );
    for (const row of rows.filter(({ state }) => state === null)) {
      if (stateIn(row.what) === 'opt_out' && (await restore(writer, row))) restored += 1;
      else if (stateIn(row.what) !== 'unset') recorded += await unset(writer, row);
      else if (row.present !== null) await setPresent(session, row, false);
    }
    last = rows.at(-1);
    isMore = rows.length === PAGE;
  }
  return { recorded, restored };
}

function unset(writer: Writer, row: FoundConsent): Promise<number> {
  return inTransaction(writer, async (session) => {
    const now = await locked(session, row);
    if (now === undefined || now.state !== null || stateIn(now.what) === 'unset') return { drafts: [], writes: [] };
    const draft = await draftOf(session, now, 'unset', 'its row was removed where no trigger saw it');
    const terms = mysqlTerms([now.tenant, now.class, null, draft.id], false);
    return { drafts: [draft], writes: [terms, presenceStatement(now, false)] };
  });
}

/** Whether the row could be inserted again; a foreign key may refuse it. */
async function restore(writer: Writer, row: FoundConsent): Promise<boolean> {
  try {
    const count = await inTransaction(writer, async (session) => {
      const now = await locked(session, row);
      if (now === undefined || now.state !== null || stateIn(now.what) !== 'opt_out') return { drafts: [], writes: [] };
      const draft = await draftOf(session, now, 'opt_out', 'put back: its row was removed where no trigger saw it');
      const recording = { entry: draft.id ?? '', actor: '', isThere: false };
      const writes = [
        mysqlConsent(MYSQL, [now.tenant, now.class, 'opt_out'], recording),
        mysqlTerms([now.tenant, now.class, null, draft.id], false),
      ];
      return { drafts: [draft], writes };
    });
    return count > 0;
  } catch (error) {
    if (/foreign key constraint/i.test((error as Error).message)) return false;
    throw error;
  }
}

function presenceStatement({ tenant, class: featureClass }: FoundConsent, isPresent: boolean): Statement {
  const text = `update rampart_consent_terms set present_since = ${isPresent ? MYSQL.now : 'null'}
    where tenant_id = ? and feature_class = ?`;
  return { text, values: [tenant, featureClass] };
}

async function setPresent(session: Session, row: FoundConsent, isPresent: boolean): Promise<void> {
  const { text, values } = presenceStatement(row, isPresent);
  await session.execute(text, values);
}

/** Runs one transaction, and repeats it after a deadlock with legacy code. */
async function inTransaction(
  { session, appender }: Writer,
  work: (session: Session) => Promise<{ readonly drafts: readonly NewEntry[]; readonly writes: readonly Statement[] }>,
): Promise<number> {
  const read = () => work(session);
  const steps = appendPlanned(appender, {
    read,
    plan: ({ drafts, writes }) => (drafts.length === 0 ? { skip: [] } : { entries: drafts, writes }),
  });
  const recorded = await retryOnConflict(() => runTransaction(MYSQL, session, 'adopt', steps));
  return recorded.length;
}

async function draftOf(
  session: Session,
  { tenant, class: featureClass, what }: FoundConsent,
  state: string,
  reason: string,
): Promise<NewEntry> {
  const person = { tenant, user: '' };
  const { pseudonym, isNew } = await findSubject(session, person);
  if (isNew) {
    const { text, values } = addSubject({ ...person, pseudonym, isNew });
    await session.execute(text, values);
  }
  const change = { kind: 'consent', tenant, featureClass, consent: { state } };
  const before = stateIn(what);
  return {
    id: randomUUID(),
    kind: 'consent',
    subject: pseudonym,
    what: { change, before: before === undefined ? null : { state: before } },
    actor: 'rampart migrate',
    reason,
  };
}

/** A session over Kysely's connection. */
function kyselySession(db: Kysely<Tables>): Session {
  const run = <R>(text: string, values: readonly unknown[] = []) =>
    db.executeQuery<R>(CompiledQuery.raw(text, [...values]));
  return {
    rows: async <R>(text: string, values?: readonly unknown[]) => (await run<R>(text, values)).rows,
    run: async <R>(query: Compilable<R>) => (await db.executeQuery(query.compile())).rows,
    execute: async (text, values) => Number((await run(text, values)).numAffectedRows ?? 0),
    commit: async () => void (await run('commit')),
  };
}
