import type { EntryPage, EntryQuery } from './audit.js';
import type { Database } from './database.js';
export function entries(_database: Database, _query?: EntryQuery): Promise<EntryPage> {
  throw new Error('not built yet');
}
