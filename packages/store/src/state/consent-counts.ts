import type { ConsentCount } from '../api/control-items.js';
import type { Database } from '../database/database.js';

/** Counts the tenants that opted in and out, by feature class. */
export async function consentCounts(database: Database): Promise<readonly ConsentCount[]> {
  const { sql } = database;
  const featureClass = sql.text(sql.consentClass('feature_class'));
  // Compares bytes: a state in another case is unknown.
  const count = (state: string) => `sum(case when ${sql.text('state')} = '${state}' then 1 else 0 end)`;
  const rows = await database.session((session) =>
    session.rows<{ feature_class: string; opt_in: unknown; opt_out: unknown }>(
      `select ${featureClass} as feature_class, ${count('opt_in')} as opt_in, ${count('opt_out')} as opt_out
        from tenant_ai_consents group by ${featureClass} order by 1`,
    ),
  );
  // Drivers return large sums as text.
  return rows.map((row) => ({
    featureClass: row.feature_class,
    optIn: Number(row.opt_in),
    optOut: Number(row.opt_out),
  }));
}
