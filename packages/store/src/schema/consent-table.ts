import type { Session } from '../database/sql-dialect.js';
import { checkProblems } from './consent-constraints.js';
import { CONSENT_TRIGGERS } from './consent-triggers.js';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly whole_type: string;
  readonly length: number | null;
  readonly nullable: string;
  readonly has_default: number;
  readonly is_computed: number;
}

const COLUMNS = ['tenant_id', 'feature_class', 'state', 'actor_user_id', 'set_at'];
const STATES = ['opt_in', 'opt_out', 'unset'];
/** Rows of one kind that are named. */
const MAX_ROWS = 5;

/**
 * What keeps `tenant_ai_consents` on MySQL and MariaDB from being adopted: a shape that Rampart can't write to, or a way to
 * change it that fires no trigger. Each problem names the column, key, engine or row, and the fix.
 *
 * @returns none where there is no such table
 */
export async function consentTableProblems(session: Session): Promise<readonly string[]> {
  const [table] = await session.rows<{ type: string; engine: string | null; options: string | null }>(
    `select table_type as type, engine, create_options as options from information_schema.tables
      where table_schema = database() and table_name = 'tenant_ai_consents'`,
  );
  if (table === undefined) return [];
  const columns = await session.rows<Column>(
    `select column_name as name, data_type as type, column_type as whole_type,
        character_maximum_length as length, is_nullable as nullable,
        (column_default is not null or is_nullable = 'YES' or extra like '%auto_increment%'
          or extra like '%GENERATED%') as has_default,
        extra regexp '(VIRTUAL|STORED|PERSISTENT)' as is_computed
      from information_schema.columns where table_schema = database() and table_name = 'tenant_ai_consents'`,
  );
  const shape = [...tableProblems(table), ...columns.flatMap(columnProblems), ...missingColumns(columns)];
  const keys = [...(await keyProblems(session)), ...(await checkProblems(session))];
  // Rows are read only where the columns are as they should be.
  const rows = shape.length > 0 ? [] : await rowProblems(session);
  return [...shape, ...keys, ...(await cascadeProblems(session)), ...(await triggerProblems(session)), ...rows];
}

function tableProblems({ type, engine, options }: { type: string; engine: string | null; options: string | null }) {
  if (type !== 'BASE TABLE') return [`it is a ${type.toLowerCase()}, and no table: triggers need a table`];
  return [
    ...(engine?.toLowerCase() === 'innodb'
      ? []
      : [`engine ${engine}: writes are not transactional: alter table tenant_ai_consents engine = InnoDB`]),
    ...(/partitioned/i.test(options ?? '')
      ? ['it is partitioned: a partition can be dropped or exchanged, and no trigger fires: remove partitioning']
      : []),
  ];
}

function missingColumns(columns: readonly Column[]): readonly string[] {
  return COLUMNS.filter((name) => !columns.some((column) => column.name === name)).map(
    (name) => `it lacks the column ${name}`,
  );
}

function columnProblems(column: Column): readonly string[] {
  const { name, type, whole_type: whole, nullable } = column;
  const is = `column ${name} ${whole}`;
  if (column.is_computed === 1 && COLUMNS.includes(name)) {
    return [`${is}: it is computed, so Rampart can't write it: make it an ordinary column`];
  }
  switch (name) {
    case 'tenant_id':
      if (type !== 'bigint') return [`has a tenant_id of type ${type}: use BIGINT UNSIGNED NOT NULL`];
      return nullable === 'YES' ? [`${is}: it allows NULL, which is no tenant: make it NOT NULL`] : [];
    case 'feature_class':
      if (!/^(?:var)?char$/.test(type)) return [`${is}: use VARCHAR(64) NOT NULL`];
      return nullable === 'YES' ? [`${is}: it allows NULL, which is no class: make it NOT NULL`] : [];
    case 'state':
      return stateProblems(is, column);
    case 'actor_user_id':
      return nullable === 'YES' || column.has_default === 1
        ? []
        : [`${is}: it needs a value, and an operator may be no user of yours: allow NULL`];
    case 'set_at':
      return /^(?:datetime|timestamp)$/.test(type) ? [] : [`${is}: use DATETIME`];
    default:
      return column.has_default === 1
        ? []
        : [`${is}: it has no default, so Rampart can't add a row: give it one, or allow NULL`];
  }
}

function stateProblems(is: string, { type, whole_type: whole, length }: Column): readonly string[] {
  if (type === 'enum') {
    return STATES.filter((state) => !whole.includes(`'${state}'`)).map(
      (state) => `${is}: it has no value '${state}': add it to the ENUM`,
    );
  }
  if (!/^(?:var)?char$/.test(type)) return [`${is}: use ENUM('opt_in','opt_out','unset')`];
  return (length ?? 0) < 7 ? [`${is}: it is too short for opt_out: use at least 7 characters`] : [];
}

async function keyProblems(session: Session): Promise<readonly string[]> {
  const keys = await session.rows<{ name: string; columns: string; is_unique: number; parts: number | string }>(
    `select index_name as name, min(non_unique) = 0 as is_unique, sum(sub_part is not null) as parts,
        group_concat(column_name order by seq_in_index) as columns
      from information_schema.statistics where table_schema = database() and table_name = 'tenant_ai_consents'
      group by index_name`,
  );
  // A value of another column may differ from row to row, or be NULL.
  const conflicting = keys.filter(({ columns, is_unique: isUnique, parts }) => {
    const names = columns.split(',');
    const isOneConsent = names.includes('tenant_id') && names.includes('feature_class') && Number(parts) === 0;
    return isUnique === 1 && !isOneConsent && names.every((name) => COLUMNS.includes(name));
  });
  const isKey = keys.some(
    (key) =>
      key.is_unique === 1 &&
      Number(key.parts) === 0 &&
      /^(?:tenant_id,feature_class|feature_class,tenant_id)$/.test(key.columns),
  );
  const isFound = keys.some((key) => key.columns.split(',')[0] === 'tenant_id');
  return [
    ...(isKey
      ? []
      : ['it has no unique key of exactly (tenant_id, feature_class): a class may have several rows: add one']),
    ...(isFound ? [] : ['no key begins with tenant_id: every trigger would read the whole table: add one']),
    ...conflicting.map(
      ({ name, columns }) =>
        `unique key ${name} (${columns}): it refuses a second consent that has the same values: drop it`,
    ),
  ];
}

async function cascadeProblems(session: Session): Promise<readonly string[]> {
  const found = await session.rows<{
    name: string;
    on_delete: string;
    on_update: string;
    parent: string;
    columns: string;
  }>(
    `select r.constraint_name as name, r.delete_rule as on_delete, r.update_rule as on_update,
        r.referenced_table_name as parent, (select group_concat(k.column_name order by k.ordinal_position)
          from information_schema.key_column_usage k where k.constraint_schema = database()
            and k.table_name = 'tenant_ai_consents' and k.constraint_name = r.constraint_name) as columns
      from information_schema.referential_constraints r
      where r.constraint_schema = database() and r.table_name = 'tenant_ai_consents'`,
  );
  const changes = (rule: string): boolean => /^(?:CASCADE|SET NULL|SET DEFAULT)$/i.test(rule);
  return found
    .filter(({ on_delete: onDelete, on_update: onUpdate }) => changes(onDelete) || changes(onUpdate))
    .map(
      ({ name, on_delete: onDelete, on_update: onUpdate, parent, columns }) =>
        `foreign key ${name} of column ${columns} to ${parent}, ON DELETE ${onDelete} ON UPDATE ${onUpdate}: what it changes fires no trigger: use RESTRICT, and delete the consents first`,
    );
}

async function triggerProblems(session: Session): Promise<readonly string[]> {
  const found = await session.rows<{ name: string }>(
    `select trigger_name as name from information_schema.triggers
      where event_object_schema = database() and event_object_table = 'tenant_ai_consents'`,
  );
  return found
    .filter(({ name }) => !CONSENT_TRIGGERS.some((ours) => ours.name === name))
    .map(
      ({ name }) => `trigger ${name} is not Rampart's: it may change what is recorded: drop it, or move it elsewhere`,
    );
}

async function rowProblems(session: Session): Promise<readonly string[]> {
  const plain = 'lower(trim(convert(feature_class using utf8mb4))) collate utf8mb4_bin';
  const twice = await session.rows<{ tenant: string; class: string; spellings: string }>(
    `select cast(tenant_id as char) as tenant, ${plain} as class,
        group_concat(concat('"', feature_class, '"') separator ', ') as spellings
      from tenant_ai_consents group by tenant_id, ${plain} having count(*) > 1 order by tenant_id limit ${MAX_ROWS}`,
  );
  // An accent, a tab or a no-break space: the table's collation may take it for another class's name, and Rampart never does.
  const odd = await session.rows<{ tenant: string; class: string }>(
    `select cast(tenant_id as char) as tenant, feature_class as class from tenant_ai_consents
      where tenant_id < 0 or convert(feature_class using utf8mb4) collate utf8mb4_bin not regexp '^[ -~]+$'
        or char_length(trim(feature_class)) > 64
      order by tenant_id limit ${MAX_ROWS}`,
  );
  return [
    ...twice.map(
      ({ tenant, class: name, spellings }) =>
        `tenant ${tenant} has the class ${JSON.stringify(name)} in several spellings (${spellings}): keep one row`,
    ),
    ...odd.map(
      ({ tenant, class: name }) =>
        `row of tenant ${tenant}, class ${JSON.stringify(name)}: use a tenant from 0, and a class of 1 to 64 printable ASCII characters`,
    ),
  ];
}
