import { randomBytes } from 'node:crypto';
import { type ControlChange, ControlInputError, isTenantChange, readId } from '@rampart/core';
import { insert, type Session, type SqlDialect, type Statement } from '../database/sql-dialect.js';
import { scopeOf } from './item.js';

/** The tenant or user that an entry is about. */
export interface PersonalData {
  readonly tenant: string;
  /** Empty for the tenant itself. */
  readonly user: string;
}

/** Identifies a tenant or user in the log. Random, so that nothing leads back once the mapping is erased. */
function newPseudonym(): string {
  return randomBytes(16).toString('hex');
}

/** A tenant or user and its pseudonym. */
export interface Subject extends PersonalData {
  readonly pseudonym: string;
  /** Whether the pseudonym is not stored yet. */
  readonly isNew: boolean;
}

/** The tenant or user of a change; the scope of a kill, cap or floor may name a tenant too. */
export function personalDataOf(change: ControlChange): PersonalData | undefined {
  if (isTenantChange(change)) return { tenant: change.tenant, user: change.kind === 'choice' ? change.user : '' };
  const tenant = scopeOf(change)?.tenant;
  return tenant === undefined ? undefined : { tenant, user: '' };
}

/** @param pseudonym undefined to create one */
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
 * On MySQL and MariaDB a tenant id is a number, as in `tenant_ai_consents`. Leading zeros are refused: `007` and `7` would be one tenant
 * there and two everywhere else.
 *
 * @throws ControlInputError
 */
export function requireTenant(sql: SqlDialect, tenant: string): void {
  if (sql.family !== 'mysql') return;
  if (/^(?:0|[1-9]\d{0,19})$/.test(tenant) && BigInt(tenant) <= MAX_BIGINT) return;
  const fix = 'on MySQL and MariaDB use a whole number without leading zeros, as BIGINT UNSIGNED holds it';
  throw new ControlInputError('tenant', tenant, fix);
}

/**
 * Validates the optional tenant and user of a query.
 *
 * @throws ControlInputError for an invalid id, or a user without a tenant
 */
export function requireTenantAndUser(
  sql: SqlDialect,
  query: { readonly tenant?: unknown; readonly user?: unknown },
): void {
  const { tenant, user } = query;
  if (tenant !== undefined) requireTenant(sql, readId('tenant', tenant));
  if (user !== undefined) readId('user', user);
  if (user !== undefined && tenant === undefined) throw new ControlInputError('user', user, 'name the tenant too');
}
