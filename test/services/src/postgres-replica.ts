import { join } from 'node:path';
import { newFolder, removeFolder } from './folder.js';
import { type PostgresServer, planOf, runPostgres } from './postgres.js';
import { requireFile } from './products.js';
import { run } from './run.js';

/** A PostgreSQL that follows another one and refuses writes. Users, databases and passwords are those of its primary. */
export interface PostgresReplica extends PostgresServer {
  /** Stops following and accepts writes. Resolves when it does. */
  promote(): Promise<void>;
}

export interface PostgresReplicaOptions {
  /**
   * Where it reaches its primary, to put a proxy between.
   * @default the primary's own port
   */
  readonly through?: { readonly host: string; readonly port: number };
}

/** Copies a running primary and follows it by streaming. @throws Error with the log when it does not start. */
export async function startReplica(
  primary: PostgresServer,
  { through = { host: '127.0.0.1', port: primary.port } }: PostgresReplicaOptions = {},
): Promise<PostgresReplica> {
  const { user, password, options } = planOf(primary);
  const folder = await newFolder('postgres-replica', user);
  const address = ['-h', through.host, '-p', String(through.port), '-U', 'replicator'];
  try {
    await run({
      command: requireFile('postgresql', 'pg_basebackup'),
      args: [...address, '-D', join(folder, 'data'), '-R', '-X', 'stream', '--checkpoint=fast', '--no-sync'],
      user,
      cwd: folder,
      env: { PGPASSWORD: password },
    });
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
  const replica = await runPostgres({ folder, user, password, options });
  const promote = async (): Promise<void> => {
    await replica.query('SELECT pg_promote(true, 10)');
  };
  return Object.assign(replica, { promote });
}
