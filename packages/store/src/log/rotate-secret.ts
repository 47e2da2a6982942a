import type { Applied, Write } from '../api/control-store.js';
import type { Database } from '../database/database.js';
import { readWrite } from '../state/apply.js';
import { appliedOf, detailsOf, draftedOf, finish } from './append.js';
import { sealUpTo } from './pending-entries.js';
import { ROTATION, type Rotation } from './rotation.js';

/**
 * Changes the secret of the log to the option `secret`. The entry has the new secret's mac over the mac of the entry before,
 * so the former secret alone can't change anything before it unseen either.
 */
export async function rotateSecret(
  database: Database,
  write: Pick<Write, 'actor' | 'reason'>,
): Promise<Applied | undefined> {
  const { id, actor, reason } = readWrite({ actor: write.actor, reason: write.reason });
  const { sql, chains } = database;
  return database.transaction('secret', {
    look: () => Promise.resolve(),
    async work(session) {
      const head = await sql.lockHead(session, []);
      const former = chains.require(head.key_check);
      if (chains.isOwn(head.key_check)) {
        await session.rows('rollback');
        return undefined;
      }
      const { mac } = await sealUpTo(database, session, head);
      const to = chains.own.keyCheck();
      const rotation: Rotation = { from: head.key_check, to, endorsement: former.endorse(mac, to) };
      const drafted = draftedOf({ id, kind: ROTATION, subject: '', what: { rotation }, actor, reason });
      const placed = { ...drafted.row, position: head.position + 1, recorded_at: head.now };
      const details = detailsOf([drafted]);
      await session.change(details.text, details.values);
      await session.change('update rampart_head set key_check = ? where id = 1', [to]);
      await finish(sql, session, [{ ...placed, mac: chains.own.mac(mac, placed) }]);
      return appliedOf(head.epoch, placed.position, id);
    },
  });
}
