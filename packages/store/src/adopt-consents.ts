import { randomUUID } from 'node:crypto';
import { CompiledQuery, type Kysely } from 'kysely';
import type { Settings } from './address.js';
import { append, type Draft } from './append.js';
import { chainOf } from './chain.js';
import type { AnyTables } from './database.js';
import { MYSQL } from './mysql-sql.js';
import { insert, type Session } from './sql.js';
import { StoreError } from './store-error.js';
import { addSubject, findSubject } from './subject.js';

const COLUMNS = ['tenant_id', 'feature_class', 'state', 'actor_user_id', 'set_at'];
const AT_ONCE = 500;

/** @throws StoreError where a table `tenant_ai_consents` is there that isn't the one we know */
export async function requireConsentTable(db: Kysely<AnyTables>, { address }: Settings): Promise<void> {
  const schema = address.engine === 'mysql' ? 'database()' : 'current_schema()';
  const found = await kyselySession(db).rows<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
      where table_schema = ${schema} and table_name = 'tenant_ai_consents'`,
  );
  const missing = COLUMNS.find((column) => !found.some(({ name }) => name === column));
  const tenantType = found.find(({ name }) => name === 'tenant_id')?.type.toLowerCase() ?? '';
  const wanted = address.engine === 'mysql' ? /^bigint$/ : /^(?:character varying|text)$/;
  if (missing === undefined && wanted.test(tenantType)) return;
  throw new StoreError(
    'refused',
    `${address.shown}: its table tenant_ai_consents ${
      missing === undefined ? `has a tenant_id of type ${tenantType}` : `lacks the column ${missing}`
    } and can't be adopted; rename it, or use another database`,
  );
}

interface FoundConsent {
  readonly tenant: string;
  readonly class: string;
  readonly state: string;
}

/** Gives every consent that is not in the log yet its entry. On MySQL and MariaDB; can be repeated. */
export async function adoptConsents(db: Kysely<AnyTables>, settings: Settings): Promise<void> {
  const session = kyselySession(db);
  const appender = { sql: MYSQL, chain: chainOf(settings.secret) };
  for (;;) {
    try {
      const found = await MYSQL.begin(session, 'adopt', () => consentsWithoutEntry(session));
      if (found.length === 0) {
        await session.rows('rollback');
        return;
      }
      const drafts: Draft[] = [];
      // One by one: a tenant's second class finds the pseudonym that its first was given.
      for (const consent of found) drafts.push(await draftOf(session, consent));
      await append(appender, session, drafts, found.map(termsOf(drafts)));
    } catch (error) {
      await session.rows('rollback').catch(() => undefined);
      throw error;
    }
  }
}

async function consentsWithoutEntry(session: Session): Promise<readonly FoundConsent[]> {
  const [tenant, featureClass] = [MYSQL.text('c.tenant_id'), MYSQL.text(MYSQL.consentClass('c.feature_class'))];
  const missing = `from tenant_ai_consents c left join rampart_consent_terms t
    on t.tenant_id = ${tenant} and t.feature_class = ${featureClass} where t.entry is null`;
  return session.rows<FoundConsent>(
    `select ${tenant} as tenant, ${featureClass} as class, c.state ${missing}
      order by c.tenant_id, c.feature_class limit ${AT_ONCE} for update`,
  );
}

async function draftOf(session: Session, { tenant, class: featureClass, state }: FoundConsent): Promise<Draft> {
  const person = { tenant, user: '' };
  const { pseudonym, isNew } = await findSubject(session, person);
  if (isNew) {
    const { text, values } = addSubject({ ...person, pseudonym, isNew });
    await session.change(text, values);
  }
  const change = { kind: 'consent', tenant, featureClass, consent: { state } };
  const who = { actor: 'rampart migrate', reason: 'adopted' };
  return { id: randomUUID(), kind: 'consent', subject: pseudonym, what: { change, before: null }, ...who };
}

function termsOf(drafts: readonly Draft[]) {
  return ({ tenant, class: featureClass }: FoundConsent, index: number) =>
    insert('rampart_consent_terms', {
      tenant_id: tenant,
      feature_class: featureClass,
      version: null,
      entry: drafts[index]?.id,
    });
}

/** Statements over the one connection that a migration holds. */
function kyselySession(db: Kysely<AnyTables>): Session {
  const run = <R>(text: string, values: readonly unknown[] = []) =>
    db.executeQuery<R>(CompiledQuery.raw(text, [...values]));
  return {
    rows: async <R>(text: string, values?: readonly unknown[]) => (await run<R>(text, values)).rows,
    change: async (text, values) => Number((await run(text, values)).numAffectedRows ?? 0),
  };
}
