import { MYSQL } from '../database/mysql/dialect.js';
import type { SqlDialect, Statement } from '../database/sql-dialect.js';
import { type Item, itemType } from './item.js';

/** The entry of a written row. */
export interface Recording {
  /** Id of the entry. */
  readonly entry: string;
  readonly actor: string;
  /** Whether the row exists. */
  readonly isThere: boolean;
}

const POSTGRES_CONSENT = `insert into tenant_ai_consents (tenant_id, feature_class, state, actor_user_id, set_at)
  values (?, ?, ?, ?, now()) on conflict (tenant_id, feature_class) do update
  set state = excluded.state, actor_user_id = excluded.actor_user_id, set_at = excluded.set_at`;

/** Statements that write an item. */
export function statementsFor(sql: SqlDialect, item: Item, recording: Recording): readonly Statement[] {
  if (item.kind === 'consent') return consentWrites(sql, item, recording);
  const { table, keys, columns: values } = itemType(item.kind);
  return [
    {
      text: sql.upsert(table, keys, [...values, 'entry']),
      values: [...keys.map((name) => item.keys[name]), ...values.map((name) => item.values[name]), recording.entry],
    },
  ];
}

function consentWrites(sql: SqlDialect, { keys, values }: Item, recording: Recording): readonly Statement[] {
  const { tenant_id: tenant, feature_class: featureClass } = keys;
  const { state, version } = values;
  const row: readonly unknown[] = [tenant, featureClass, version, recording.entry];
  if (sql.family === 'mysql') {
    return [mysqlConsent(sql, [tenant, featureClass, state], recording), mysqlTerms(row, !recording.isThere)];
  }
  const terms: Statement = {
    text: sql.upsert('rampart_consent_terms', ['tenant_id', 'feature_class'], ['version', 'entry']),
    values: row,
  };
  return [{ text: POSTGRES_CONSENT, values: [tenant, featureClass, state, recording.actor] }, terms];
}

/**
 * Writes the terms of a consent that has a row.
 *
 * @param row tenant, class, version and entry
 * @param isNew whether this write inserts the row; if the log already has it, it was deleted without a trigger, which is marked by 0
 */
export function mysqlTerms(row: readonly unknown[], isNew: boolean): Statement {
  return {
    text: `insert into rampart_consent_terms (tenant_id, feature_class, version, entry, present_since)
      values (?, ?, ?, ?, ${MYSQL.now})
      on duplicate key update version = values(version), entry = values(entry),
        present_since = ${isNew ? 'if(present_since is null, values(present_since), 0)' : 'coalesce(present_since, values(present_since))'}`,
    values: row,
  };
}

// Legacy code may use another spelling of the class. A row that it inserts concurrently must not be overwritten.
export function mysqlConsent(
  sql: SqlDialect,
  [tenant, featureClass, state]: readonly unknown[],
  recording: Recording,
): Statement {
  const actor = /^\d{1,19}$/.test(recording.actor) ? recording.actor : null;
  if (!recording.isThere) {
    return {
      text: `insert into tenant_ai_consents (tenant_id, feature_class, state, actor_user_id, set_at)
        values (${sql.consentTenant}, ?, ?, ?, utc_timestamp())`,
      values: [tenant, featureClass, state, actor],
    };
  }
  return {
    text: `update tenant_ai_consents set feature_class = ?, state = ?, actor_user_id = ?, set_at = utc_timestamp()
      where tenant_id = ${sql.consentTenant} and ${sql.consentClass('feature_class')} = ?`,
    values: [featureClass, state, actor, tenant, featureClass],
  };
}
