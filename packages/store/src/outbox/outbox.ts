import { formatRevision, type JsonValue } from '@rampart/core';
import { type Compilable, type InferResult, sql } from 'kysely';
import type { Outbox } from '../api/control-store.js';
import type { OutboxTaskState } from '../api/outbox-task.js';
import type { Database } from '../database/database.js';
import { canonical, storableText } from '../log/canonical.js';

const MAX_ERROR_LENGTH = 2_000;

/** The outbox. `apply` adds tasks in its transaction. */
export function createOutbox(database: Database): Outbox {
  const run = <R>(query: Compilable<R>) => database.session((session) => session.run(query));
  const tasks = () => selectTasks(database);
  const updatePending = (id: string) =>
    database.kysely.updateTable('rampart_task').where('id', '=', id).where('done_at', 'is', null);
  return {
    async pending() {
      const rows = await run(tasks().where('t.done_at', 'is', null));
      return rows.map((row) => {
        const { completed: _, result: __, ...task } = toTaskState(row);
        return task;
      });
    },
    async all() {
      return (await run(tasks())).map(toTaskState);
    },
    async find(id) {
      const [row] = await run(tasks().where('t.id', '=', id));
      return row && toTaskState(row);
    },
    async complete(id, result) {
      const completion = { done_at: sql<number>`${sql.raw(database.sql.now)}`, error: null };
      await run(updatePending(id).set({ ...completion, result: result === undefined ? null : canonical(result) }));
    },
    async recordFailure(id, error) {
      const attempts = sql<number>`attempts + 1`;
      await run(updatePending(id).set({ attempts, error: storableText(error, MAX_ERROR_LENGTH) }));
    },
  };
}

function selectTasks({ kysely }: Database) {
  return kysely
    .selectFrom('rampart_task as t')
    .innerJoin('rampart_log as l', 'l.id', 't.id')
    .innerJoin('rampart_head as h', (join) => join.on('h.id', '=', 1))
    .select(['h.epoch', 'l.position', 't.id', 't.task', 'l.recorded_at as at', 't.attempts', 't.error', 't.done_at'])
    .select('t.result')
    .orderBy('l.position');
}

type TaskRow = InferResult<ReturnType<typeof selectTasks>>[number];

function toTaskState({ epoch, position, id, task, at, attempts, error, done_at, result }: TaskRow): OutboxTaskState {
  return {
    id,
    revision: formatRevision({ epoch, position }),
    task: JSON.parse(task) as JsonValue,
    at,
    attempts,
    ...(error !== null && { error }),
    completed: done_at !== null,
    ...(result !== null && { result: JSON.parse(result) as JsonValue }),
  };
}
