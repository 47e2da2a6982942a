import type { JsonValue } from '@rampart/core';
import { formatRevision } from '@rampart/core';
import type { Outbox } from '../api/control-store.js';
import type { OutboxTaskState } from '../api/outbox-task.js';
import type { Database } from '../database/database.js';
import { canonical, storableText } from '../log/canonical.js';

interface TaskRow {
  readonly epoch: string;
  readonly position: number;
  readonly id: string;
  readonly task: string;
  readonly at: number;
  readonly attempts: number;
  readonly error: string | null;
  readonly done_at: number | null;
  readonly result: string | null;
}

const SELECT_TASKS = `select h.epoch, l.position, t.id, t.task, l.recorded_at as at, t.attempts, t.error, t.done_at, t.result
  from rampart_task t join rampart_log l on l.id = t.id join rampart_head h on h.id = 1`;
const MAX_ERROR_LENGTH = 2_000;

/** The outbox. `apply` adds tasks in its transaction. */
export function createOutbox(database: Database): Outbox {
  const rows = (rest: string, values: readonly unknown[]) =>
    database.session((session) => session.rows<TaskRow>(`${SELECT_TASKS} ${rest}`, values));
  return {
    async pending() {
      const found = await rows('where t.done_at is null order by l.position', []);
      return found.map((row) => {
        const { completed: _, result: __, ...task } = toTaskState(row);
        return task;
      });
    },
    async all() {
      return (await rows('order by l.position', [])).map(toTaskState);
    },
    async find(id) {
      const [row] = await rows('where t.id = ?', [id]);
      return row && toTaskState(row);
    },
    async complete(id, result) {
      const text = `update rampart_task set done_at = ${database.sql.now}, result = ?, error = null
        where id = ? and done_at is null`;
      const values = [result === undefined ? null : canonical(result), id];
      await database.session((session) => session.execute(text, values));
    },
    async recordFailure(id, error) {
      const text = 'update rampart_task set attempts = attempts + 1, error = ? where id = ? and done_at is null';
      await database.session((session) => session.execute(text, [storableText(error, MAX_ERROR_LENGTH), id]));
    },
  };
}

function toTaskState(row: TaskRow): OutboxTaskState {
  const { id, at, attempts, error, done_at: doneAt, result } = row;
  return {
    id,
    revision: formatRevision(row),
    task: JSON.parse(row.task) as JsonValue,
    at,
    attempts,
    ...(error !== null && { error }),
    completed: doneAt !== null,
    ...(result !== null && { result: JSON.parse(result) as JsonValue }),
  };
}
