import type { SqlDialect } from '../database/sql-dialect.js';

/** Maximum number of user choices per tenant. */
export const MAX_CHOICES_PER_TENANT = 100_000;
/** Maximum number of overrides per tenant, including ended ones that were not lifted. */
export const MAX_OVERRIDES_PER_TENANT = 10_000;
/** Maximum number of classes with a recorded consent per tenant. */
export const MAX_CLASSES_PER_TENANT = 10_000;

/** Every process keeps all items of a tenant in memory, so their number is limited. */
export interface ItemLimit {
  readonly max: number;
  /** Plural name of the items. */
  readonly name: string;
  readonly fix: string;
  /** Selects the other items of the tenant; a `?` for each key of the item. */
  readonly others: (sql: SqlDialect) => string;
}

export const CHOICE_LIMIT: ItemLimit = {
  max: MAX_CHOICES_PER_TENANT,
  name: 'user choices',
  fix: 'take some back, or record an opt-out of the whole tenant',
  others: () =>
    'rampart_user_choice where tenant_id = ? and choice is not null and not (user_id = ? and feature_class = ?)',
};

export const OVERRIDE_LIMIT: ItemLimit = {
  max: MAX_OVERRIDES_PER_TENANT,
  name: 'overrides',
  fix: 'lift some, for instance those that have ended',
  others: () => 'rampart_override where tenant_id = ? and flag is not null and id <> ?',
};

export const CONSENT_LIMIT: ItemLimit = {
  max: MAX_CLASSES_PER_TENANT,
  name: 'consent classes',
  fix: 'use the classes that are recorded already',
  others: (sql) =>
    `tenant_ai_consents where tenant_id = ${sql.consentTenant} and ${sql.consentClass('feature_class')} <> ?`,
};
