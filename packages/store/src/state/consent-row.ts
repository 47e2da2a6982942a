import type { Consent } from '@rampart/core';
import type { Sql } from '../database/sql-dialect.js';
import { parseChange } from '../log/read-log.js';
import type { ColumnValue } from './item-types.js';

/** A consent as the tables hold it. */
export interface ConsentRow {
  /** The state in `tenant_ai_consents`, `''` for NULL; null where there is no row. */
  readonly state: ColumnValue;
  /** The version in `rampart_consent_terms`. */
  readonly version: ColumnValue;
  /** What the last entry about the consent says; null where there is none. */
  readonly what: string | null;
}

/**
 * The consent that a row stands for. Its entry in the log has to say the same: a row that was changed, removed or added where
 * no trigger saw it is unknown, and so is a state that is none of the known ones.
 *
 * @returns undefined where the consent is unset and has no row
 */
export function consentOfRow({ state, version, what }: ConsentRow): Consent | undefined {
  const recorded = recordedConsent(what);
  if (state === null && recorded.state === 'unset') return undefined;
  const terms = version === null ? undefined : Number(version);
  const isSame = recorded.state === state && recorded.state !== 'unknown' && recorded.version === terms;
  return isSame ? recorded : { state: 'unknown' };
}

function recordedConsent(what: string | null): Consent {
  if (what === null) return { state: 'unset' };
  const change = parseChange(what);
  return change?.kind === 'consent' ? change.consent : { state: 'unknown' };
}

/** The state of `tenant_ai_consents c` as an expression: `''` for NULL, null only where a join found no row. */
export function stateOf(sql: Sql): string {
  return `case when c.tenant_id is null then null else coalesce(${sql.text('c.state')}, '') end`;
}

/** What the entry of `rampart_consent_terms t` says, looked up by its key whatever the tables' sizes. */
export const CONSENT_WHAT = "(select d.data from rampart_detail d where d.id = t.entry and d.part = 'what')";
