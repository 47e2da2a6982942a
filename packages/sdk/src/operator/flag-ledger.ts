import type { ControlStore, OutboxTaskState } from '@rampart/store';
import { z } from 'zod';
import { readKills } from './live-kills.js';
import { type FlagTarget, newestEvent, samePlace, taskSchema } from './order.js';
import { placeSchema } from './order-schemas.js';
import type { FlagPlace } from './report.js';

/**
 * Why a flag is off that a kill switched off. `killed`: the kill is live. `waiting`: its kill was revived while another one
 * covered the flag. `pending`: the revival is not finished. `left_off`: the revival was told to leave it off. `operator`:
 * somebody else switched it off since. `no_active_rule`: Unleash would add a rule that opens it to everyone. `unknown`: its
 * kill was ended by another program.
 */
export type OffReason = 'killed' | 'waiting' | 'pending' | 'left_off' | 'operator' | 'no_active_rule' | 'unknown';

/** A flag in one environment that a kill switched off and nothing of ours switched on since. */
export interface FlagOff extends FlagPlace {
  /** The last kill that switched it off. */
  readonly kill: string;
  readonly reason: OffReason;
  /** The reason in words. */
  readonly why: string;
}

/** A place that a revival left off, and why. */
export type LeftPlace = Omit<FlagOff, 'kill'>;

/** A place with its reason, as it is stored. */
const leftSchema: z.ZodType<LeftPlace> = placeSchema.and(
  z.object({
    reason: z.enum(['killed', 'waiting', 'pending', 'left_off', 'operator', 'no_active_rule', 'unknown']),
    why: z.string(),
  }),
);
interface TaskResult {
  readonly switched: readonly FlagPlace[];
  readonly left: readonly LeftPlace[];
}
const resultSchema: z.ZodType<TaskResult> = z.object({
  switched: z.array(placeSchema),
  left: z.array(leftSchema).default([]),
});

/** What a finished task noted. */
export function resultOf(task: Pick<OutboxTaskState, 'result'>): TaskResult {
  return resultSchema.safeParse(task.result).data ?? { switched: [], left: [] };
}

/**
 * The flags that kills switched off and that were not switched on again, from the tasks of the outbox in the order of the
 * log. `live` names the kills that hold now.
 */
function readLedger(tasks: readonly OutboxTaskState[], live: ReadonlySet<string>): readonly FlagOff[] {
  const ledger = new Ledger();
  const revived = new Set<string>();
  for (const state of tasks) {
    const parsed = taskSchema.safeParse(state.task);
    if (!parsed.success) continue;
    const { kind, kill, places = [], left = [] } = parsed.data;
    const result = resultOf(state);
    if (kind === 'switch_off') {
      for (const place of result.switched) {
        // It was on again since whatever an earlier kill noted of it.
        ledger.delete(place);
        ledger.set({ ...place, kill, reason: 'killed', why: `${kill} is live` });
      }
      continue;
    }
    revived.add(kill);
    if (!state.completed) {
      const why = `the revival of ${kill} is not finished${state.error === undefined ? '' : `: ${state.error}`}`;
      for (const place of places) ledger.set({ kill, ...ledger.find(place), ...place, reason: 'pending', why });
      for (const place of left) ledger.set({ ...ledger.find(place), ...place, kill });
      continue;
    }
    for (const place of result.switched) ledger.delete(place);
    for (const place of result.left.length > 0 ? result.left : left)
      ledger.set({ kill, ...ledger.find(place), ...place });
  }
  const ended = { reason: 'unknown', why: 'its kill was ended by another program, or by an earlier version' } as const;
  return ledger
    .list()
    .map((off) => (off.reason === 'killed' && !live.has(off.kill) ? endedReason(off, revived, ended) : off));
}

function endedReason(off: FlagOff, revived: ReadonlySet<string>, ended: Pick<FlagOff, 'reason' | 'why'>): FlagOff {
  // A revival of an earlier version noted no more than what it switched on.
  return revived.has(off.kill) ? { ...off, reason: 'waiting', why: `${off.kill} was revived` } : { ...off, ...ended };
}

/** The ledger as the database knows it now. */
export async function ledgerOf(store: Pick<ControlStore, 'items' | 'outbox'>): Promise<readonly FlagOff[]> {
  const [tasks, kills] = await Promise.all([store.outbox.all(), readKills(store)]);
  return readLedger(tasks, new Set(kills.map(({ id }) => id)));
}

/** Whether a kill was revived with the order to leave its flags off. */
export async function wasLeftOff(store: Pick<ControlStore, 'outbox'>, kill: string): Promise<boolean> {
  const revivals = (await store.outbox.all()).flatMap(({ task }) => taskSchema.safeParse(task).data ?? []);
  return revivals.some((task) => task.kind === 'switch_on' && task.kill === kill && task.left !== undefined);
}

/** The places that a revival of a kill with this target restores besides those of the kill itself. */
export function waitingFor(target: FlagTarget, ledger: readonly FlagOff[]): readonly FlagPlace[] {
  return ledger.filter(({ flag, reason }) => {
    const covered = 'every' in target || target.flag === flag;
    return covered && (reason === 'waiting' || reason === 'pending');
  });
}

class Ledger {
  #places: readonly FlagOff[] = [];

  find(place: FlagPlace): FlagOff | undefined {
    return this.#places.find((known) => samePlace(known, place));
  }

  set(off: FlagOff): void {
    const event = newestEvent(this.find(off), off);
    this.delete(off);
    this.#places = [...this.#places, { ...off, event }];
  }

  delete(place: FlagPlace): void {
    this.#places = this.#places.filter((known) => !samePlace(known, place));
  }

  list(): readonly FlagOff[] {
    return this.#places;
  }
}
