import { carryOut, type Patience, type Workshop } from './carry-out.js';
import { type FoundOrder, findOrders, type Pending } from './pending.js';
import type { OrderReport } from './report.js';

/** Options of {@link KillSwitch.resume}. */
export interface ResumeOptions extends Patience {
  /**
   * Leaves what another machine ordered less than so many ms ago, as it may still be at it. What it had switched off is
   * known to it alone until it has finished.
   * @default 0
   */
  readonly leaveRecent?: number | undefined;
}

/** What {@link KillSwitch.resume} did. */
export interface Resumed {
  readonly reports: readonly OrderReport[];
  /** Files of the journal that can't be read, and why. */
  readonly unreadable: Pending['unreadable'];
  /** Orders for other control logs, which were left alone. */
  readonly others?: Pending['others'];
  /** Why the database could not be asked; what other machines left is then not finished. */
  readonly error?: string | undefined;
}

/** Carries out what is under way, everything at once. */
export async function resume(workshop: Workshop, { leaveRecent = 0, ...patience }: ResumeOptions): Promise<Resumed> {
  const { found, unreadable, others, error } = await findOrders(workshop);
  const now = Date.now();
  const isDue = ({ order, noted }: FoundOrder): boolean => noted === 'journal' || now - order.at >= leaveRecent;
  const due = found.filter(isDue).map(({ order }) => carryOut(order, workshop, patience));
  return { reports: await Promise.all(due), unreadable, others, error };
}
