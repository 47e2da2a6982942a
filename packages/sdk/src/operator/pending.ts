import type { Scope } from '@rampart/core';
import type { Workshop } from './carry-out.js';
import type { OtherOrder } from './journal.js';
import { type Order, orderOfTask } from './order.js';
import { messageOf } from './until-held.js';

/** An order that is not finished. */
export interface PendingOrder {
  readonly action: 'kill' | 'revive';
  /** That of the kill. */
  readonly id: string;
  readonly scope: Scope;
  /** In ms since 1970. */
  readonly at: number;
  /** Whether the control log has it; if so, Unleash is what is missing. */
  readonly recorded: boolean;
  /** Where it is noted: finished from this machine alone, or from any. */
  readonly noted: 'journal' | 'database';
  /** What the last attempt failed of, as far as the database knows. */
  readonly error?: string | undefined;
}

/** An order on this machine that no `resume` finishes before it is adopted. */
export interface OtherPending extends Pick<PendingOrder, 'action' | 'id' | 'scope' | 'at' | 'recorded'> {
  /** The address of the database that it was ordered for; undefined where an earlier version noted none. */
  readonly database?: string | undefined;
  /** The epoch of its control log; undefined where it was never known. */
  readonly log?: string | undefined;
  readonly file: string;
}

/** Everything that is not finished. */
export interface Pending {
  readonly orders: readonly PendingOrder[];
  /** Files of the journal that can't be read, and why. */
  readonly unreadable: readonly { readonly file: string; readonly problem: string }[];
  /** Orders for another control log, or for an address whose log was never known; absent where there is none. */
  readonly others?: readonly OtherPending[] | undefined;
  /** Why the database could not be asked; what other machines left is then unknown. */
  readonly error?: string | undefined;
}

/** An order and where it is noted. */
export interface FoundOrder {
  readonly order: Order;
  readonly noted: PendingOrder['noted'];
  readonly error?: string | undefined;
}

/** What is noted in the journal, then what else is noted in the database. */
export async function findOrders({ control, journal }: Pick<Workshop, 'control' | 'journal'>): Promise<{
  readonly found: readonly FoundOrder[];
  readonly unreadable: Pending['unreadable'];
  readonly others?: readonly OtherPending[] | undefined;
  readonly error?: string | undefined;
}> {
  const asked = await askDatabase(control);
  const { orders, others, unreadable } = (await journal?.list(asked.epoch)) ?? { orders: [], unreadable: [] };
  if (asked.epoch !== undefined) await journal?.rememberLog(asked.epoch).catch(() => undefined);
  const own = orders.map((order) => ({ order, noted: 'journal' }) as const);
  const rest = { unreadable, others: others?.map(shownOther) };
  if (asked.error !== undefined) return { found: own, ...rest, error: asked.error };
  const noted = asked.tasks.flatMap((task): readonly FoundOrder[] => {
    const order = orderOfTask(task);
    const known = order === undefined || orders.some(({ entry }) => entry === order.entry);
    return known ? [] : [{ order, noted: 'database', error: task.error }];
  });
  return { found: [...own, ...noted], ...rest };
}

async function askDatabase({ store }: Workshop['control']) {
  try {
    const tasks = await store.outbox.pending();
    const { epoch } = await store.readLog(Number.MAX_SAFE_INTEGER, 1);
    return { tasks, epoch };
  } catch (error) {
    return { tasks: [], error: messageOf(error) };
  }
}

function shownOther({ order, file }: OtherOrder): OtherPending {
  const { action, id, scope, at, recorded, database, log } = order;
  return { action, id, scope, at, recorded, database, log, file };
}

/** What is under way, for people. */
export async function readPending(workshop: Pick<Workshop, 'control' | 'journal'>): Promise<Pending> {
  const { found, unreadable, others, error } = await findOrders(workshop);
  const orders = found.map(({ order: { action, id, scope, at, recorded }, noted, error: last }) => {
    return { action, id, scope, at, recorded, noted, error: last };
  });
  return { orders, unreadable, others, error };
}
