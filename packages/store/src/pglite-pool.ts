import { mkdir } from 'node:fs/promises';
import type { PGlite } from '@electric-sql/pglite';
import { type Connection, endsWithin, type Pool, type Result } from './connection.js';
import { storeError, storeErrorOf } from './driver-error.js';
import { lockFolder } from './folder-lock.js';
import type { PoolSettings } from './postgres-pool.js';
import { takingTurns } from './turns.js';

const BIGINT = 20;

/** The embedded database: one connection, which whoever holds it has alone, so that transactions don't mix. */
export async function pglitePool({ address, timeout }: PoolSettings): Promise<Pool> {
  const { shown } = address;
  const folder = address.engine === 'pglite' ? address.folder : '';
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw storeErrorOf(error, shown);
  });
  const unlock = await lockFolder(folder);
  const db = await create(folder).catch(async (error: unknown) => {
    await unlock();
    throw storeErrorOf(error, shown);
  });
  const connection: Connection = { query: (text, values) => query(db, shown, text, values) };
  const turns = takingTurns(1, timeout, () =>
    storeError('timeout', shown, `its one connection was not free for ${timeout} ms`),
  );
  return {
    async acquire() {
      await turns.take();
      return connection;
    },
    release: () => turns.pass(),
    async close() {
      await endsWithin(timeout, db.close());
      await unlock();
    },
  };
}

async function create(folder: string): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  return PGlite.create(`${folder}/data`, { parsers: { [BIGINT]: Number } });
}

async function query(db: PGlite, shown: string, text: string, values: readonly unknown[]): Promise<Result> {
  try {
    const result = values.length > 0 ? await db.query(text, [...values]) : (await db.exec(text)).at(-1);
    return { rows: (result?.rows ?? []) as Record<string, unknown>[], changed: result?.affectedRows ?? 0 };
  } catch (error) {
    throw storeErrorOf(error, shown);
  }
}
