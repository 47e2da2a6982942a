import type { Settings } from './address.js';
import type { Chain } from './chain.js';
import type { Session } from './sql.js';
import { StoreError } from './store-error.js';

/** @throws StoreError `refused` where the log was begun with another secret */
export async function requireSecret(session: Session, { address }: Settings, chain: Chain): Promise<void> {
  const [head] = await session.rows<{ key_check: string }>('select key_check from rampart_head where id = 1');
  if (head !== undefined && chain.accepts(head.key_check)) return;
  throw new StoreError(
    'refused',
    `${address.shown}: its log was begun with another secret; give the one it was created with`,
  );
}
