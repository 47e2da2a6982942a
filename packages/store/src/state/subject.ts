import { randomBytes } from 'node:crypto';
import { type ControlChange, ControlInputError, isTenantChange, readId } from '@rampart/core';
import { insert, type Session, type Sql, type Statement } from '../database/sql-dialect.js';
import { scopeOf } from './item.js';

/** Whom an entry is about, by name. */
export interface PersonalData {
  readonly tenant: string;
  /** Empty for the tenant itself. */
  readonly user: string;
}

/** What stands for a person in the log. Random: when the mapping is erased nothing leads back. */
function newPseudonym(): string {
  return randomBytes(16).toString('hex');
}

/** A person and its pseudonym. */
export interface Subject extends PersonalData {
  readonly pseudonym: string;
  /** Whether the pseudonym has to be recorded yet. */
  readonly isNew: boolean;
}

/** Whom a change is about; a kill, cap or floor may name a tenant too. */
export function personalDataOf(change: ControlChange): PersonalData | undefined {
  if (isTenantChange(change)) return { tenant: change.tenant, user: change.kind === 'choice' ? change.user : '' };
  const tenant = scopeOf(change)?.tenant;
  return tenant === undefined ? undefined : { tenant, user: '' };
}

/** @param pseudonym undefined where it has none yet */
export function subjectFor(person: PersonalData, pseudonym: string | undefined): Subject {
  return { ...person, pseudonym: pseudonym ?? newPseudonym(), isNew: pseudonym === undefined };
}

export async function findSubject(session: Session, person: PersonalData): Promise<Subject> {
  const [row] = await session.rows<{ pseudonym: string }>(
    'select pseudonym from rampart_subject where tenant_id = ? and user_id = ?',
    [person.tenant, person.user],
  );
  return subjectFor(person, row?.pseudonym);
}

export function addSubject({ pseudonym, tenant, user }: Subject): Statement {
  return insert('rampart_subject', { pseudonym, tenant_id: tenant, user_id: user });
}

const MAX_BIGINT = 18_446_744_073_709_551_615n;

/**
 * On MySQL and MariaDB a tenant is a number, because `tenant_ai_consents` says so. Not every text that looks like one is
 * it: `007` and `7` would be one tenant there and two everywhere else.
 *
 * @throws ControlInputError
 */
export function requireTenant(sql: Sql, tenant: string): void {
  if (sql.family !== 'mysql') return;
  if (/^(?:0|[1-9]\d{0,19})$/.test(tenant) && BigInt(tenant) <= MAX_BIGINT) return;
  const fix = 'on MySQL and MariaDB use a whole number without leading zeros, as BIGINT UNSIGNED holds it';
  throw new ControlInputError('tenant', tenant, fix);
}

/**
 * Checks the tenant and user of a query; both may be left out.
 *
 * @throws ControlInputError where an id can't be used, or a user stands without a tenant
 */
export function requireTenantAndUser(sql: Sql, query: { readonly tenant?: unknown; readonly user?: unknown }): void {
  const { tenant, user } = query;
  if (tenant !== undefined) requireTenant(sql, readId('tenant', tenant));
  if (user !== undefined) readId('user', user);
  if (user !== undefined && tenant === undefined) throw new ControlInputError('user', user, 'name the tenant too');
}
