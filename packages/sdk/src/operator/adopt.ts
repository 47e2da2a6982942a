import type { Workshop } from './carry-out.js';
import type { OtherOrder } from './journal.js';
import { KillSwitchError } from './kill-switch-error.js';
import { readKill } from './live-kills.js';
import type { Order } from './order.js';

/** Makes orders for other control logs orders for this one. @returns their ids */
export async function adopt(
  id: string,
  { control, journal }: Pick<Workshop, 'control' | 'journal'>,
): Promise<readonly string[]> {
  await control.ready();
  const { epoch } = await control.store.readLog(Number.MAX_SAFE_INTEGER, 1);
  const others = (await journal?.list(epoch))?.others ?? [];
  const chosen = others.filter(({ order }) => id === 'all' || order.id === id);
  if (chosen.length === 0) {
    const known = others.map(({ order }) => order.id).join(', ') || 'none';
    throw new KillSwitchError(`There is no order "${id}" for another database on this machine. Orders: ${known}.`);
  }
  const adopted: OtherOrder[] = [];
  for (const { order, file } of chosen) adopted.push({ order: await forThisLog(order, epoch, control), file });
  for (const other of adopted) await journal?.adopt(other);
  return adopted.map(({ order }) => order.id);
}

async function forThisLog(order: Order, log: string, { store }: Workshop['control']): Promise<Order> {
  const known = { ...order, log, database: undefined, recorded: order.recorded && order.log === log };
  if (order.action === 'kill') return known;
  const kill = await readKill(store, order.id);
  if (kill === undefined)
    throw new KillSwitchError(`The revival of ${order.id} can't be adopted: this control log has no such live kill.`);
  return { ...known, expected: kill.revision };
}
