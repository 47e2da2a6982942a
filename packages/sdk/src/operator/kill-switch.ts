import { parseRevision, readControlChange, readId, type Scope } from '@rampart/core';
import { type AuditEntry, ReusedIdError } from '@rampart/store';
import type { AdminClient } from '@rampart/unleash/admin';
import type { DurableControl } from '../durable-control.js';
import { adopt } from './adopt.js';
import { carryOut, carryOutNew, type Patience, type Workshop } from './carry-out.js';
import { type FlagsOff, readFlagsOff } from './flags-off.js';
import { Journal, type JournalPlace } from './journal.js';
import { KillSwitchError } from './kill-switch-error.js';
import { type LiveKill, readKill, readKills } from './live-kills.js';
import { newKillId, type Order, orderOfTask, revivalEntry } from './order.js';
import { type Pending, readPending } from './pending.js';
import type { OrderReport } from './report.js';
import { type Resumed, type ResumeOptions, resume } from './resume.js';
import { closeKill, switchedByKill } from './switched-by-kill.js';

/** Options of {@link createKillSwitch}. */
export interface KillSwitchOptions {
  readonly control: Pick<DurableControl, 'apply' | 'ready' | 'store'>;
  /**
   * Unleash's admin API. Without it the half in Unleash stays pending, for a `resume` that has it.
   * @default none
   */
  readonly admin?: AdminClient | undefined;
  /** Environments of Unleash that a kill switches flags off in. @default every environment that a flag has */
  readonly environments?: readonly string[] | undefined;
  /**
   * A folder for orders that are under way, one for each pair of database and Unleash; with `all`, orders for other addresses are
   * listed too. Without it, what was ordered while the
   * database was down is lost when the process is. @default none
   */
  readonly journal?: string | JournalPlace | undefined;
}

/** A kill that is wanted. */
export interface KillOrder {
  /** A feature or a change alone also switches its flag off in Unleash, `{ all: true }` every feature's. */
  readonly scope: Scope;
  /** At least one character, at most 2000. */
  readonly reason: string;
  readonly actor: string;
  /** Environments of Unleash that this kill switches flags off in. @default those of the kill switch */
  readonly environments?: readonly string[] | undefined;
  /**
   * Of the kill and of its entry in the control log: an order that is repeated with the same id is recorded once.
   * @default a new one
   */
  readonly id?: string | undefined;
}

/** A revival that is wanted. */
export interface ReviveOrder {
  /** That of the kill. */
  readonly id: string;
  /** At least one character. */
  readonly reason: string;
  /** Where the fix is to be found: a pull request, an incident, a release. */
  readonly fix: string;
  readonly actor: string;
  /** Leaves the flag off in Unleash. @default false */
  readonly leaveOff?: boolean | undefined;
  /**
   * Of the revival's entry in the control log: a repeat with the same id gets the report of the first.
   * @default made from the kill and its revision
   */
  readonly entryId?: string | undefined;
}

/**
 * Kills and revives AI features. An order has two halves, each tried until it holds and reported apart: the control log,
 * which binds every service that uses Rampart, and the flag in Unleash, which binds plain SDKs. An order that was cut short is
 * finished by {@link resume}: on this machine from its journal, on others from the database.
 */
export interface KillSwitch {
  /**
   * @throws ControlInputError for a scope, reason or actor that can't be used, StoreError where the database is not migrated,
   * is the wrong one or refuses the user, and Unleash was not changed either: nothing was done
   */
  kill(order: KillOrder, patience?: Patience): Promise<OrderReport>;
  /**
   * Ends a kill. The last kill that covers a flag switches it on again where kills had switched it off, unless it was to be left
   * off or somebody switched it off since.
   *
   * @throws KillSwitchError where the reason, the fix or the kill is missing, ReusedIdError where `entryId` belongs to another
   *   entry: nothing was done
   */
  revive(order: ReviveOrder, patience?: Patience): Promise<OrderReport>;
  /** Finishes what is under way. */
  resume(options?: ResumeOptions): Promise<Resumed>;
  /**
   * Makes an order of this machine, made for another control log or an unknown one, an order for this control log: the next
   * {@link resume} carries it out. `all` adopts every one.
   *
   * @returns their ids
   * @throws KillSwitchError where there is no such order, or the kill of a revival is not live here: nothing was done
   */
  adopt(id: string): Promise<readonly string[]>;
  /** What is under way, without doing anything. */
  pending(): Promise<Pending>;
  /** The kills that hold now, oldest first. */
  kills(): Promise<readonly LiveKill[]>;
  /** The flags that revived kills had switched off in Unleash and that are still off, and why. */
  flagsOff(): Promise<FlagsOff>;
}

/** Joins the control log and Unleash. Connects to nothing yet. */
export function createKillSwitch({ control, admin, environments, journal: folder }: KillSwitchOptions): KillSwitch {
  const journal = folder === undefined ? undefined : new Journal(folder);
  const workshop: Workshop = { control, admin, journal };
  return {
    kill: async (order, patience = {}) => carryOutNew(killing(order, environments), workshop, patience),
    revive: async (order, patience = {}) => {
      checkReasons(order);
      const report = await carryOut(await revival(order, workshop), workshop, patience);
      if (report.control.state === 'held') await closeKill(order.id, workshop);
      return report;
    },
    resume: (options = {}) => resume(workshop, options),
    adopt: (id) => adopt(id, workshop),
    pending: () => readPending(workshop),
    kills: () => readKills(control.store),
    flagsOff: () => readFlagsOff(workshop),
  };
}

function killing(
  { scope, reason, actor, id = newKillId(), environments }: KillOrder,
  defaultEnvironments: readonly string[] | undefined,
): Order {
  if (reason.trim() === '')
    throw new KillSwitchError('A kill needs a reason: say what is wrong, for those who come after you.');
  readControlChange({ kind: 'kill', kill: { id, scope, reason } });
  readId('actor', actor);
  const known = { id, entry: id, scope, reason, actor, at: Date.now() };
  return {
    action: 'kill',
    ...known,
    environments: environments ?? defaultEnvironments,
    places: [],
    notes: [],
    recorded: false,
  };
}

function checkReasons({ id, reason, fix, actor }: ReviveOrder): void {
  if (reason.trim() === '')
    throw new KillSwitchError(`${id} is not revived without a reason: say why it is safe again.`);
  if (fix.trim() === '') {
    throw new KillSwitchError(
      `${id} is not revived without the reference of a fix: a pull request, an incident, a release.`,
    );
  }
  readId('actor', actor);
}

async function revival(order: ReviveOrder, workshop: Workshop): Promise<Order> {
  const { id, actor } = order;
  const repeated = await repeatedRevival(order, workshop);
  if (repeated !== undefined) return repeated;
  const kill = await found(id, workshop);
  const before = await switchedByKill(kill, workshop);
  const left = order.leaveOff === true && before.places.length > 0;
  const entry = order.entryId ?? revivalEntry(id, kill.revision);
  const known = { id, entry, scope: kill.scope, actor, reason: reasonOf(order), at: Date.now() };
  const flags = left ? [] : before.places;
  const leftOff = order.leaveOff === true ? { left: before.places } : {};
  const notes = left
    ? [
        `Left off, as you asked: ${before.places.map(({ flag, environment }) => `"${flag}" in ${environment}`).join(', ')}.`,
      ]
    : before.notes;
  return { action: 'revive', ...known, ...leftOff, places: flags, expected: kill.revision, notes, recorded: false };
}

const reasonOf = ({ reason, fix }: ReviveOrder): string => `${reason} (fix: ${fix})`;

/**
 * The order of a revival that is recorded under the same entry id already. What is left to do in Unleash is in its task;
 * what was done is not done again, since somebody may have switched the flag off meanwhile.
 */
async function repeatedRevival(order: ReviveOrder, { control }: Workshop): Promise<Order | undefined> {
  const { id, entryId: entry, actor } = order;
  if (entry === undefined) return undefined;
  await control.ready();
  const { entries } = await control.store.entries({ id: entry });
  const [before] = entries;
  if (before === undefined) return undefined;
  requireSameRevival(order, before);
  const task = await control.store.outbox.find(entry);
  const recorded = task && orderOfTask(task);
  const known = { action: 'revive', id, entry, actor, reason: reasonOf(order), at: Date.now() } as const;
  const places = task?.completed === true ? [] : (recorded?.places ?? []);
  return { ...known, scope: recorded?.scope ?? {}, places, notes: [], recorded: false };
}

/** @throws ReusedIdError where the entry records another kill, reason, fix or actor */
function requireSameRevival(order: ReviveOrder, entry: AuditEntry): void {
  const { change, actor, reason, position, revision, id } = entry;
  const isSame = change?.kind === 'revive' && change.id === order.id;
  if (isSame && actor === order.actor && reason === reasonOf(order)) return;
  throw new ReusedIdError({ id, position, revision, epoch: parseRevision(revision)?.epoch ?? '' });
}

/** The kill, or an error that says which ones there are. */
async function found(id: string, { control }: Workshop): Promise<LiveKill> {
  await control.ready();
  const kill = await readKill(control.store, id);
  if (kill !== undefined) return kill;
  const live = await readKills(control.store);
  const others = live.map((one) => `${one.id} (${JSON.stringify(one.scope)})`).join(', ');
  throw new KillSwitchError(
    live.length === 0
      ? `There is no live kill "${id}": nothing is killed.`
      : `There is no live kill "${id}". Live: ${others}.`,
  );
}
