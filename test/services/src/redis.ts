import { randomUUID } from 'node:crypto';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { answersAs, redisCommand } from './redis-command.js';
import { type Server, startServer } from './server.js';
import { until } from './until.js';

/** What survives a kill: nothing; what SAVE or Redis's own schedule wrote; every answered write. */
export type RedisPersistence = 'none' | 'rdb' | 'aof';

export interface RedisOptions {
  /**
   * Asked of the user `default`, and between servers that replicate.
   * @default none: everyone may do everything
   */
  readonly password?: string;
  /**
   * A user of its own, who is then in `url`. The user `default` stays.
   * @default none
   */
  readonly acl?: {
    readonly username: string;
    readonly password: string;
    /** @default '~* &* +@all': all keys, channels and commands */
    readonly rules?: string;
  };
  /** @default 'none' */
  readonly persistence?: RedisPersistence;
  /**
   * More lines for redis.conf, by their first word.
   * @default none
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A copy of all that a Redis held, made by `snapshot`. Usable while the server's folder is there. */
export interface RedisSnapshot {
  readonly file: string;
}

export interface RedisServer extends Server {
  /** `redis://[USER:PASSWORD@]127.0.0.1:PORT` */
  readonly url: string;
  /** After `kill`: starts again on the same port. @param options `empty`: without the data that was persisted. */
  start(options?: { readonly empty?: boolean }): Promise<void>;
  /** One command as user `default`. @throws Error when it is refused or not answered within 10 s. */
  command(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Has Redis write all that it holds, and keeps a copy. */
  snapshot(): Promise<RedisSnapshot>;
  /** Kills it and starts it with what it held when the snapshot was made: later writes are lost. */
  restore(snapshot: RedisSnapshot): Promise<void>;
}

/** Starts a Redis. @throws Error with the server's log when it does not start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  await ensureInstalled(['redis']);
  const { persistence = 'none', password, acl } = options;
  const folder = await newFolder('redis');
  const configuration = join(folder, 'redis.conf');
  const dump = join(folder, 'dump.rdb');
  await writeFile(configuration, configurationOf(folder, options), { mode: 0o600 });
  let appends = persistence === 'aof';
  const controls = await startServer({
    name: 'Redis',
    command: requireFile('redis', 'redis-server'),
    args: (port) => [configuration, '--port', String(port), '--appendonly', appends ? 'yes' : 'no'],
    folder,
    answers: (port, pid) => answersAs({ port, password }, pid),
  });
  const { port } = controls;
  const server: RedisServer = {
    ...controls,
    get pid() {
      return controls.pid;
    },
    url: `redis://${credentialsOf(password, acl)}127.0.0.1:${port}`,
    command: (command, ...args) => redisCommand({ port, password }, command, ...args),
    async start({ empty = false } = {}) {
      if (controls.pid !== undefined) return;
      if (empty) await removeData(folder);
      await controls.start();
    },
    async snapshot() {
      const file = join(folder, `${randomUUID()}.rdb`);
      await server.command('SAVE');
      await copyFile(dump, file);
      // Redis loads what it finds, also when it was told to keep nothing.
      if (persistence === 'none') await rm(dump);
      return { file };
    },
    async restore(snapshot) {
      await controls.kill();
      await removeData(folder);
      await copyFile(snapshot.file, dump);
      // Told to append but without the file for it, Redis would start empty.
      appends = false;
      await controls.start();
      appends = persistence === 'aof';
      if (appends) await turnOnAppending(server);
      if (persistence === 'none') await rm(dump);
    },
  };
  return server;
}

async function turnOnAppending(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'appendonly', 'yes');
  // Until the first file is whole, a kill would lose everything.
  const isWritten = async (): Promise<boolean> => {
    const state = String(await server.command('INFO', 'persistence'));
    return state.includes('aof_rewrite_in_progress:0') && state.includes('aof_rewrite_scheduled:0');
  };
  if (!(await until(isWritten, 10_000))) throw new Error('Redis did not write its append-only file within 10 s');
}

async function removeData(folder: string): Promise<void> {
  await rm(join(folder, 'dump.rdb'), { force: true });
  await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
}

function configurationOf(folder: string, { password, acl, persistence, settings }: RedisOptions): string {
  const all = {
    bind: '127.0.0.1',
    dir: folder,
    save: persistence === 'rdb' ? '3600 1 300 100 60 10000' : '""',
    appendfsync: 'always',
    // A replica is served at once, not after 5 s in which others might come.
    'repl-diskless-sync-delay': '0',
    ...(password === undefined ? {} : { requirepass: password, masterauth: password }),
    ...(acl === undefined ? {} : { user: `${acl.username} on >${acl.password} ${acl.rules ?? '~* &* +@all'}` }),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

function credentialsOf(password: RedisOptions['password'], acl: RedisOptions['acl']): string {
  if (acl) return `${encodeURIComponent(acl.username)}:${encodeURIComponent(acl.password)}@`;
  return password === undefined ? '' : `:${encodeURIComponent(password)}@`;
}
