import type { Applied, DataSubject, Write } from './control-store.js';
import type { Database } from './database.js';
export function erase(
  _database: Database,
  _subject: DataSubject,
  _write: Pick<Write, 'actor' | 'reason' | 'id'>,
): Promise<Applied> {
  throw new Error('not built yet');
}
