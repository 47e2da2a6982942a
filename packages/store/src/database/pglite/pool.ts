import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { StoreError } from '../../api/store-error.js';
import { type Connection, type Pool, type QueryResult, settlesWithin, withDeadline } from '../connection.js';
import { createStoreError, missingLogError, toStoreError } from '../driver-error.js';
import type { PoolSettings } from '../pool.js';
import { createSemaphore } from '../semaphore.js';
import { fencedFiles } from './fenced-files.js';
import { type FolderLock, LOCK_TIMES, type LockTimes, lockFolder } from './folder-lock.js';

const BIGINT = 20;

/** Options of {@link pglitePool}. */
export interface PgliteOptions extends Partial<LockTimes> {
  /** Creates a missing folder or database; `false` makes it an error that writes nothing. @default true */
  readonly create?: boolean;
}

/**
 * The embedded database: one connection for one caller at a time. Each statement checks the lock of the folder before it runs, at each
 * write, and before its result is returned. The connection can't be replaced: after a timeout it stays occupied until the statement ends,
 * and is then rolled back.
 */
export async function pglitePool(
  { address, timeoutMs, statementTimeoutMs = timeoutMs }: PoolSettings,
  { create: mayCreate = true, ...times }: PgliteOptions = {},
): Promise<Pool> {
  const { redactedUrl } = address;
  const folder = address.engine === 'pglite' ? address.folder : '';
  if (!mayCreate) await requireDatabase(folder, redactedUrl);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw folderError(folder, error);
  });
  const lock = await lockFolder(folder, { ...LOCK_TIMES, ...times });
  const db = await create(folder, lock).catch(async (error: unknown) => {
    await lock.release();
    throw toStoreError(error, redactedUrl);
  });
  const semaphore = createSemaphore(1, timeoutMs, () =>
    createStoreError('timeout', redactedUrl, `its one connection was not free for ${timeoutMs} ms`),
  );
  return {
    async acquire() {
      await semaphore.acquire();
      return new EmbeddedConnection({ db, lock, redactedUrl, timeoutMs: statementTimeoutMs });
    },
    release(connection) {
      void (connection as EmbeddedConnection).settle().then(semaphore.release);
    },
    async close() {
      await settlesWithin(timeoutMs, db.close());
      await lock.release();
    },
  };
}

/** @throws StoreError `schema_older` if the folder contains no database */
async function requireDatabase(folder: string, redactedUrl: string): Promise<void> {
  const version = await stat(join(folder, 'data', 'PG_VERSION')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw toStoreError(error, redactedUrl);
  });
  if (version === undefined) throw missingLogError(redactedUrl, 'this folder holds no embedded database');
}

function folderError(folder: string, cause: unknown): StoreError {
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  const kind = reason === 'EROFS' ? 'read_only' : 'refused';
  const message = `${folder}: cannot create this folder (${reason}); name one that this process may write, or use PostgreSQL`;
  return new StoreError(kind, message, { cause });
}

async function create(folder: string, lock: FolderLock): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const fs = fencedFiles(`${folder}/data`, () => lock.requireOwned());
  return PGlite.create({ fs, parsers: { [BIGINT]: Number } });
}

interface Embedded {
  readonly db: Pick<PGlite, 'query' | 'exec'>;
  readonly lock: Pick<FolderLock, 'requireOwned'>;
  readonly redactedUrl: string;
  /** Timeout for the answer to one statement in ms. */
  readonly timeoutMs: number;
}

/** The connection for one session. */
export class EmbeddedConnection implements Connection {
  readonly #embedded: Embedded;
  /** The statement that timed out. */
  #overdue: Promise<unknown> | undefined;

  constructor(embedded: Embedded) {
    this.#embedded = embedded;
  }

  get isLost(): boolean {
    return this.#overdue !== undefined;
  }

  async query(text: string, values: readonly unknown[]): Promise<QueryResult> {
    const { lock, redactedUrl, timeoutMs } = this.#embedded;
    const timeoutError = () =>
      createStoreError('timeout', redactedUrl, `no answer to a statement within ${timeoutMs} ms`);
    if (this.isLost) throw timeoutError();
    lock.requireOwned();
    const running = this.#run(text, values);
    try {
      const result = await withDeadline(timeoutMs, running, () => {
        this.#overdue = running;
        return timeoutError();
      });
      lock.requireOwned();
      return result;
    } catch (error) {
      // A refused write fails as an I/O error; its cause is the lost lock.
      lock.requireOwned();
      throw toStoreError(error, redactedUrl);
    }
  }

  /** Resolves when the next session can use the connection. */
  async settle(): Promise<void> {
    if (this.#overdue === undefined) return;
    await this.#overdue.catch(() => undefined);
    await this.#embedded.db.exec('rollback').catch(() => undefined);
  }

  async #run(text: string, values: readonly unknown[]): Promise<QueryResult> {
    const { db } = this.#embedded;
    const result = values.length > 0 ? await db.query(text, [...values]) : (await db.exec(text)).at(-1);
    return { rows: (result?.rows ?? []) as Record<string, unknown>[], affectedRows: result?.affectedRows ?? 0 };
  }
}
