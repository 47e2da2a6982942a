import type { Database } from './database.js';
import type { Verification, VerifyOptions } from './verification.js';
export function verify(_database: Database, _options?: VerifyOptions): Promise<Verification> {
  throw new Error('not built yet');
}
