import { type ControlChange, formatRevision, type LogPosition, parseRevision } from '@rampart/core';
import { type ControlItem, type DurableControl, isConflictError, type Write } from '@rampart/sdk';
import { Refusal } from '../service/refusal.js';

/** What somebody said of one user. */
export type Choice = Extract<ControlChange, { readonly kind: 'choice' }>;

/** How often an opt-out is tried anew because the user chose in between. */
const MOST_TRIES = 3;

/**
 * Records what somebody else chose for a user. The user's own opt-out stands: it is neither taken back, nor replaced by an
 * opt-out of somebody else's, which that one could take back.
 *
 * @throws Refusal 403 for taking back the user's own opt-out
 */
export async function writeForAnother(
  control: DurableControl,
  change: Choice,
  write: Write,
): Promise<{ revision: string }> {
  for (let tries = 1; ; tries += 1) {
    const { store } = control;
    // First the end of the log: what is recorded from here on is a conflict, so nothing slips in between.
    const head = await store.head();
    const own = (await store.items({ kind: 'choice', tenant: change.tenant, user: change.user })).find((item) =>
      isOwnOptOut(item, change),
    );
    if (own !== undefined && change.choice === 'opt_out') return { revision: own.revision };
    if (own !== undefined)
      throw new Refusal(403, 'forbidden', 'choice: this user opted out: only the user can take that back');
    // An opt-out waits for nobody.
    const expected = change.choice === 'opt_out' ? formatRevision(head) : notBeyond(head, write.expected);
    try {
      const { revision } = await control.apply(change, { ...write, expected });
      return { revision };
    } catch (error) {
      if (change.choice !== 'opt_out' || tries >= MOST_TRIES || !isConflictError(error)) throw error;
    }
  }
}

/** Whose opt-out it was is unknown where that was erased: then it counts as the user's. */
function isOwnOptOut({ change, actor }: ControlItem, { user, featureClass }: Choice): boolean {
  if (change.kind !== 'choice' || change.featureClass !== featureClass || change.choice === 'opt_in') return false;
  return actor === undefined || actor === user;
}

/** What a caller had read, or anything; but nothing later than what was looked at here. */
function notBeyond(head: LogPosition, expected: string | undefined): string | undefined {
  const read = expected === undefined ? undefined : parseRevision(expected);
  const isBeyond = expected === 'any' || (read !== undefined && read.position > head.position);
  return isBeyond ? formatRevision(head) : expected;
}
