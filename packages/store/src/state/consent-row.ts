import type { Consent } from '@rampart/core';
import type { SqlDialect } from '../database/sql-dialect.js';
import { parseChange } from '../log/read-log.js';
import type { ColumnValue } from './item-types.js';

/** The stored parts of a consent. */
export interface ConsentRow {
  /** The state in `tenant_ai_consents`, `''` for NULL; null without a row. */
  readonly state: ColumnValue;
  /** The version in `rampart_consent_terms`. */
  readonly version: ColumnValue;
  /** Payload of the last entry about the consent; null without one. */
  readonly what: string | null;
}

/**
 * The consent of a row. It is unknown if its entry in the log differs (the row was changed without a trigger) or its state is no known one.
 *
 * @returns undefined for an unset consent without a row
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

/** SQL for the state of `tenant_ai_consents c`: `''` for NULL, null only without a joined row. */
export function stateOf(sql: SqlDialect): string {
  return `case when c.tenant_id is null then null else coalesce(${sql.text('c.state')}, '') end`;
}

/** SQL for the payload of the entry of `rampart_consent_terms t`, by an index lookup. */
export const CONSENT_WHAT = "(select d.data from rampart_detail d where d.id = t.entry and d.part = 'what')";
