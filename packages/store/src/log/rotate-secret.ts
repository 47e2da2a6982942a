import type { Write } from '../api/control-items.js';
import type { RecordedEntry } from '../api/recorded-entry.js';
import type { Database, TransactionEnd } from '../database/database.js';
import { readWrite } from '../state/apply.js';
import { insertDetails, prepareEntry, toRecordedEntry } from './append.js';
import { signPendingEntries } from './pending-entries.js';
import { ROTATION_KIND, type Rotation } from './rotation.js';

/**
 * Changes the secret of the log to the option `secret`. The entry is signed with the new secret over the mac of the entry before, so the
 * previous secret alone can't rewrite earlier entries unnoticed.
 */
export async function rotateSecret(
  database: Database,
  write: Pick<Write, 'actor' | 'reason'>,
): Promise<RecordedEntry | undefined> {
  const { id, actor, reason } = readWrite({ actor: write.actor, reason: write.reason });
  const { sql, chains } = database;
  return database.transaction('secret', {
    read: () => Promise.resolve(),
    async write(session): Promise<TransactionEnd<RecordedEntry | undefined>> {
      const head = await sql.lockHead(session, []);
      const previous = chains.require(head.key_check);
      if (chains.isOwn(head.key_check)) return { rollback: undefined };
      const { mac } = await signPendingEntries({ sql, chains }, session, head);
      const to = chains.own.keyCheck();
      const rotation: Rotation = { from: head.key_check, to, endorsement: previous.endorse(mac, to) };
      const prepared = prepareEntry({ id, kind: ROTATION_KIND, subject: '', what: { rotation }, actor, reason });
      const placed = { ...prepared.row, position: head.position + 1, recorded_at: head.now };
      const details = insertDetails([prepared]);
      await session.execute(details.text, details.values);
      await session.execute('update rampart_head set key_check = ? where id = 1', [to]);
      return {
        append: [{ ...placed, mac: chains.own.mac(mac, placed) }],
        commit: toRecordedEntry(head.epoch, placed.position, id),
      };
    },
  });
}
