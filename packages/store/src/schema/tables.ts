import type { ColumnType, Generated } from 'kysely';

type Append<T> = ColumnType<T, T, never>;

interface LogTable {
  position: Append<number>;
  id: Append<string>;
  kind: Append<string>;
  subject: Append<string>;
  recorded_at: Append<number>;
  /** Commitment to the payload. */
  what: Append<string>;
  /** Commitment to the author. */
  who: Append<string>;
  mac: string | null;
}

interface DetailTable {
  id: string;
  part: 'what' | 'who';
  subject: string;
  actor: string | null;
  flag: string | null;
  salt: string;
  data: string;
}

interface EventTable {
  id: string;
  name: string;
  happened_at: number;
  received_at: number;
  tenant_id: string | null;
  user_id: string | null;
  flag: string | null;
  change_flag: string | null;
  variant: string | null;
  value: number | null;
  attributes: string | null;
  source: string;
}

interface TaskTable {
  id: string;
  task: string;
  attempts: Generated<number>;
  error: string | null;
  done_at: number | null;
  result: string | null;
}

/** The tables that the query builder reads and writes. */
export interface Tables {
  rampart_head: { id: number; epoch: string; position: number; sealed: number; mac: string; key_check: string };
  rampart_log: LogTable;
  rampart_detail: DetailTable;
  rampart_subject: { pseudonym: string; tenant_id: string; user_id: string };
  rampart_event: EventTable;
  rampart_task: TaskTable;
  rampart_flag_edit: { server: string; event_id: number; entry: string };
}
