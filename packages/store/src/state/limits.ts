import type { ItemKind } from '../api/control-store.js';
import { LimitError } from '../api/limit-error.js';
import type { Session, Sql } from '../database/sql-dialect.js';
import { type Item, isPresent } from './item.js';

/** How many choices the users of one tenant can have recorded. */
export const MAX_CHOICES_PER_TENANT = 100_000;
/** How many overrides can be listed for one tenant, those that have ended and were not lifted among them. */
export const MAX_OVERRIDES_PER_TENANT = 10_000;
/** For how many classes one tenant can have consent recorded. */
export const MAX_CLASSES_PER_TENANT = 10_000;

interface Limit {
  readonly max: number;
  /** What is counted, in words. */
  readonly what: string;
  readonly fix: string;
  /** The other items of the tenant; `?` stands for the item's keys. */
  readonly rows: (sql: Sql) => string;
}

const LIMITS: Partial<Readonly<Record<ItemKind, Limit>>> = {
  choice: {
    max: MAX_CHOICES_PER_TENANT,
    what: 'user choices',
    fix: 'take some back, or record an opt-out of the whole tenant',
    rows: () =>
      'rampart_user_choice where tenant_id = ? and choice is not null and not (user_id = ? and feature_class = ?)',
  },
  override: {
    max: MAX_OVERRIDES_PER_TENANT,
    what: 'overrides',
    fix: 'lift some, for instance those that have ended',
    rows: () => 'rampart_override where tenant_id = ? and flag is not null and id <> ?',
  },
  consent: {
    max: MAX_CLASSES_PER_TENANT,
    what: 'consent classes',
    fix: 'use the classes that are recorded already',
    rows: (sql) =>
      `tenant_ai_consents where tenant_id = ${sql.consentTenant} and ${sql.consentClass('feature_class')} <> ?`,
  },
};

/**
 * Whether one more item of a tenant can be recorded: every process holds all of a tenant in memory. A change of what is
 * recorded already is never refused. To be called while the writers of the tenant wait for their turn.
 *
 * @throws LimitError
 */
export async function requireRoom(sql: Sql, session: Session, item: Item, isNew: boolean): Promise<void> {
  const limit = LIMITS[item.kind];
  if (limit === undefined || !isNew || !isPresent(item)) return;
  const { max, what, fix, rows } = limit;
  const [counted] = await session.rows<{ readonly count: unknown }>(
    `select count(*) as count from (select 1 as one from ${rows(sql)} limit ${max}) t`,
    Object.values(item.keys),
  );
  if (Number(counted?.count) >= max) throw new LimitError(what, max, fix);
}
