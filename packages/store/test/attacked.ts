import type { MariadbServer, PostgresServer } from '@rampart/services';

/** A database, and ways to write to it past the store. */
export interface Attacked {
  readonly url: string;
  /** A superuser's statement, with every trigger out of the way. */
  attack(sql: string): Promise<unknown>;
  /** The owner's statement, as it is. */
  owner(sql: string): Promise<unknown>;
  /** The owner's statement, as if one of our own connections made it, whom the triggers on consents leave alone. */
  unseen(sql: string): Promise<unknown>;
}

/** A new database of a PostgreSQL server. */
export async function attackedPostgres(server: PostgresServer): Promise<Attacked> {
  const url = await server.newDatabase();
  const { default: pg } = await import('pg');
  const run = async (user: string | undefined, sql: string): Promise<unknown> => {
    const at = new URL(url);
    const client =
      user === undefined
        ? new pg.Client({ connectionString: url })
        : new pg.Client({ host: server.folder, port: server.port, user, database: at.pathname.slice(1) });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    attack: (sql) => run('postgres', `set session_replication_role = replica; ${sql}`),
    owner: (sql) => run(undefined, sql),
    unseen: (sql) => run(undefined, sql),
  };
}

/** A new database of a MariaDB server. */
export async function attackedMariadb(server: MariadbServer): Promise<Attacked> {
  const url = await server.newDatabase();
  const database = new URL(url).pathname.slice(1);
  const { createConnection } = await import('mysql2/promise');
  const run = async (statements: readonly string[]): Promise<unknown> => {
    const connection = await createConnection(url);
    let answer: unknown;
    try {
      for (const sql of statements) answer = await connection.query(sql);
      return answer;
    } finally {
      await connection.end();
    }
  };
  return {
    url,
    async attack(sql) {
      for (const name of ['rampart_log_update', 'rampart_log_delete']) {
        await server.query(`drop trigger if exists ${database}.${name}`);
      }
      for (const statement of sql.split(';').filter((part) => part.trim() !== '')) {
        await server.query(statement.replaceAll(/\b(rampart_\w+|tenant_ai_consents)\b/g, `${database}.$1`));
      }
    },
    owner: (sql) => run([sql]),
    unseen: (sql) => run(['set @rampart_writer = 1', sql]),
  };
}
