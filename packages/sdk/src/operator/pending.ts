import type { Scope } from '@rampart/core';
import type { Workshop } from './carry-out.js';
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

/** Everything that is not finished. */
export interface Pending {
  readonly orders: readonly PendingOrder[];
  /** Files of the journal that can't be read, and why. */
  readonly unreadable: readonly { readonly file: string; readonly problem: string }[];
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
  readonly error?: string | undefined;
}> {
  const { orders, unreadable } = (await journal?.list()) ?? { orders: [], unreadable: [] };
  const own = orders.map((order) => ({ order, noted: 'journal' }) as const);
  try {
    const tasks = await control.store.tasks.list();
    const others = tasks.flatMap((task): readonly FoundOrder[] => {
      const order = orderOfTask(task);
      const known = order === undefined || orders.some(({ entry }) => entry === order.entry);
      return known ? [] : [{ order, noted: 'database', error: task.error }];
    });
    return { found: [...own, ...others], unreadable };
  } catch (error) {
    return { found: own, unreadable, error: messageOf(error) };
  }
}

/** What is under way, for people. */
export async function readPending(workshop: Pick<Workshop, 'control' | 'journal'>): Promise<Pending> {
  const { found, unreadable, error } = await findOrders(workshop);
  const orders = found.map(({ order: { action, id, scope, at, recorded }, noted, error: last }) => {
    return { action, id, scope, at, recorded, noted, error: last };
  });
  return { orders, unreadable, error };
}
