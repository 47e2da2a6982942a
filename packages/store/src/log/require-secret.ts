import type { Session } from '../database/sql-dialect.js';
import type { Keyring } from './chains.js';

/** @throws StoreError `refused` if the log is signed with a secret that this process doesn't have */
export async function requireSecret(session: Session, chains: Keyring): Promise<void> {
  const [head] = await session.rows<{ key_check: string }>('select key_check from rampart_head where id = 1');
  chains.require(head?.key_check ?? '');
}
