import type { Workshop } from './carry-out.js';
import { ledgerOf, resultOf, waitingFor } from './flag-ledger.js';
import type { LiveKill } from './live-kills.js';
import { joined, targetOf } from './order.js';
import type { FlagPlace } from './report.js';

/** What a kill switched off in Unleash, and so what may be switched on again. */
export interface KillTrace {
  readonly places: readonly FlagPlace[];
  readonly notes: readonly string[];
}

/**
 * Reads what a kill noted when it was carried out, in the outbox and in this machine's journal, and what an earlier revival left
 * off because this kill covered it.
 */
export async function switchedByKill(
  { id, scope }: LiveKill,
  { control, journal }: Pick<Workshop, 'control' | 'journal'>,
): Promise<KillTrace> {
  const target = targetOf(scope);
  if (target === undefined) return { places: [], notes: [] };
  const task = await control.store.outbox.find(id);
  const own = await journal?.find({ entry: id });
  const others = waitingFor(target, await ledgerOf(control.store));
  const places = joined(joined(task?.completed === true ? resultOf(task).switched : [], own?.places ?? []), others);
  if (task?.completed === true || own !== undefined || places.length > 0) return traceOf(places);
  const why = task === undefined ? 'It was not made by this command' : 'It had not come to hold in Unleash';
  return { places: [], notes: [`${why}, so it is not known that it switched a flag off: look in the Unleash UI.`] };
}

function traceOf(places: readonly FlagPlace[]): KillTrace {
  const notes = places.length > 0 ? [] : ['Nothing is switched on in Unleash: this kill found the flag off already.'];
  return { places, notes };
}

/** After a revival nothing of the kill is left to be done; what can't be noted now is found out by `resume`. */
export async function closeKill(
  id: string,
  { control, journal }: Pick<Workshop, 'control' | 'journal'>,
): Promise<void> {
  try {
    const { outbox } = control.store;
    const task = await outbox.find(id);
    if (task?.completed === false)
      await outbox.complete(id, { switched: [], notes: ['It was revived before it held.'] });
    await journal?.remove({ entry: id });
  } catch {
    // Left for the next `resume`.
  }
}
