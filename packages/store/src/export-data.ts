import type { JsonValue } from '@rampart/core';
import type { DataSubject } from './control-store.js';
import type { Database } from './database.js';
export function exportData(_database: Database, _subject: DataSubject): Promise<JsonValue> {
  throw new Error('not built yet');
}
