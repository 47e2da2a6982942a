import type { Session } from '../database/sql-dialect.js';

/** What `information_schema.check_constraints` says; MySQL names no table, since names are unique in a database there. */
interface Check {
  readonly name: string;
  readonly table: string | undefined;
  readonly clause: string;
}

const STATES = ['opt_in', 'opt_out', 'unset'];

/** The CHECK constraints of `tenant_ai_consents` that refuse a consent which Rampart may have to write. */
export async function checkProblems(session: Session): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name, clause } of await checksOf(session)) {
    const refused = await refusedState(session, clause);
    if (refused === undefined) continue;
    problems.push(
      `CHECK ${name} (${clause}) refuses a consent with the state '${refused}' and no actor_user_id: allow ${STATES.join(', ')}, and NULL as actor_user_id`,
    );
  }
  return problems;
}

async function checksOf(session: Session): Promise<readonly Check[]> {
  const ours = await session.rows<{ name: string }>(
    `select constraint_name as name from information_schema.table_constraints
      where constraint_schema = database() and table_name = 'tenant_ai_consents' and constraint_type = 'CHECK'`,
  );
  // Servers without CHECK constraints lack the other table.
  if (ours.length === 0) return [];
  const rows = await session.rows<Record<string, string>>(
    'select * from information_schema.check_constraints where constraint_schema = database()',
  );
  return rows.map(checkOf).filter(({ name, table }) => {
    return table === undefined ? ours.some((check) => check.name === name) : table === 'tenant_ai_consents';
  });
}

function checkOf(row: Record<string, string>): Check {
  const cells = new Map(Object.entries(row).map(([column, cell]) => [column.toLowerCase(), cell]));
  const table = cells.get('table_name');
  const clause = cells.get('check_clause') ?? '';
  // MySQL escapes the quotes of the clause.
  return {
    name: cells.get('constraint_name') ?? '',
    table,
    clause: table === undefined ? clause.replaceAll("\\'", "'") : clause,
  };
}

/** The first state that the clause refuses; undefined where it refuses none, or depends on other columns. */
async function refusedState(session: Session, clause: string): Promise<string | undefined> {
  for (const state of STATES) {
    try {
      const [row] = await session.rows<{ is_refused: number | null }>(
        `select not (${clause}) as is_refused
          from (select '${state}' as state, cast(null as unsigned) as actor_user_id) written`,
      );
      if (row?.is_refused === 1) return state;
    } catch {
      return undefined;
    }
  }
  return undefined;
}
