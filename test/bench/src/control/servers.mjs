/** Of all that is measured here. */
export const SECRET = 'a secret of the benchmark and of nobody else';

/** PostgreSQL that counts what it is asked. */
export const STATISTICS = {
  settings: {
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track_planning': 'on',
    // The whole text of a statement.
    track_activity_query_size: '16384',
  },
};

/** How often statements that look so were run, and how long planning and running took in all, in ms. */
export async function statementsLike(postgres, pattern, database = 'rampart') {
  await postgres.query('create extension if not exists pg_stat_statements');
  const [row] = await postgres.query(
    `select coalesce(sum(calls), 0)::float8 as calls, coalesce(sum(total_exec_time + total_plan_time), 0)::float8 as ms
      from pg_stat_statements s join pg_database d on d.oid = s.dbid where query like $1 and datname = $2`,
    [pattern, database],
  );
  return row;
}

/** What has to be ended, the last one first. */
export class Stops {
  #all = [];

  add(stop) {
    this.#all.push(stop);
  }

  /** @template {{ stop(): Promise<void> }} T @param {T} thing @returns {T} */
  own(thing) {
    this.add(() => thing.stop());
    return thing;
  }

  /** @template {{ close(): Promise<void> }} T @param {T} thing @returns {T} */
  close(thing) {
    this.add(() => thing.close());
    return thing;
  }

  async stop() {
    for (let stop = this.#all.pop(); stop !== undefined; stop = this.#all.pop()) await stop();
  }
}
