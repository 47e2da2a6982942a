import { canonical } from './canonical.js';
import type { ItemKind } from './control-store.js';
import { type Cells, ITEM_KINDS, ITEM_TABLES, isPresent, sameValues } from './item.js';
import { rowsOf } from './items.js';
import type { Session, Sql } from './sql.js';
import type { Finding } from './verification.js';
import type { Folded } from './verify-log.js';

type Row = Readonly<Record<string, unknown>>;

/** Names a row of the state. */
export function itemName(kind: ItemKind, keys: Readonly<Record<string, unknown>>): string {
  return canonical([kind, ...ITEM_TABLES[kind].keys.map((name) => keys[name])]);
}

/** Rows of the state that the log doesn't add up to, or adds up to and are not there. */
export async function stateFindings(
  sql: Sql,
  session: Session,
  fold: ReadonlyMap<string, Folded>,
): Promise<readonly Finding[]> {
  const left = new Map(fold);
  const found: Finding[] = [];
  for (const kind of ITEM_KINDS) {
    for (const row of await session.rows<Row>(rowsOf(sql, kind))) {
      const name = itemName(kind, row);
      const folded = left.get(name);
      left.delete(name);
      if (folded === undefined) {
        // What was lifted says nothing; the entries may have been erased with the tenant that it named.
        if (isPresent({ kind, values: cellsOf(kind, row) }))
          found.push(state(0, `${name} stands in ${ITEM_TABLES[kind].table}, and in no entry`));
      } else if (!isSame(kind, row, folded)) {
        found.push(state(folded.position, `${name} is not what entry ${folded.position} made it`));
      }
    }
  }
  return [...found, ...lost(left), ...(await unrecorded(sql, session))];
}

function isSame(kind: ItemKind, row: Row, { values, entry }: Folded): boolean {
  return row['entry'] === entry && sameValues(cellsOf(kind, row), values);
}

function cellsOf(kind: ItemKind, row: Row): Cells {
  return Object.fromEntries(ITEM_TABLES[kind].values.map((name) => [name, row[name] ?? null])) as Cells;
}

// Old code deletes a consent's row to unset it.
function lost(left: ReadonlyMap<string, Folded>): readonly Finding[] {
  return [...left]
    .filter(([name, { values }]) => !(name.startsWith('["consent"') && values['state'] === 'unset'))
    .map(([name, { position }]) => state(position, `${name} is gone, which entry ${position} had recorded`));
}

async function unrecorded(sql: Sql, session: Session): Promise<readonly Finding[]> {
  const [tenant, featureClass] = [sql.text('c.tenant_id'), sql.text(sql.consentClass('c.feature_class'))];
  const rows = await session.rows<{ tenant: string; class: string }>(
    `select ${tenant} as tenant, ${featureClass} as class from tenant_ai_consents c
      left join rampart_consent_terms t on t.tenant_id = ${tenant} and t.feature_class = ${featureClass}
      where t.entry is null`,
  );
  return rows.map((row) => {
    const name = canonical(['consent', row.tenant, row.class]);
    return state(0, `${name} stands in tenant_ai_consents, and in no entry`);
  });
}

function state(position: number, message: string): Finding {
  return { kind: 'state', position, message };
}
