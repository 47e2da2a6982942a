import type { Database } from './database.js';
import type { SignedHead } from './verification.js';
export function head(_database: Database): Promise<SignedHead> {
  throw new Error('not built yet');
}
