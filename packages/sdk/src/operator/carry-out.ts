import { isControlInputError } from '@rampart/core';
import { isConflictError, isReusedIdError, isStoreError, type StoreError, type StoreErrorKind } from '@rampart/store';
import type { AdminClient } from '@rampart/unleash/admin';
import type { DurableControl } from '../durable-control.js';
import { type LeftPlace, ledgerOf, waitingFor, wasLeftOff } from './flag-ledger.js';
import type { Journal } from './journal.js';
import { killCovering, readKill } from './live-kills.js';
import { asJson, joined, type Order, targetOf, taskOf } from './order.js';
import type { ControlHalf, FlagPlace, OrderReport, UnleashHalf } from './report.js';
import { switchOff, switchOn } from './unleash-half.js';
import { messageOf, type Outcome, untilHeld } from './until-held.js';

/** The parts that carry an order out. */
export interface Workshop {
  readonly control: Pick<DurableControl, 'apply' | 'ready' | 'store'>;
  /** Undefined where Unleash is not known here: its half is left to others. */
  readonly admin: AdminClient | undefined;
  readonly journal: Journal | undefined;
}

/** How long to go on, and who is told. */
export interface Patience {
  /** Ends the trying: what does not hold by then is reported as pending. @default none: until both halves hold */
  readonly signal?: AbortSignal | undefined;
  /** Told each time a half comes to hold, or fails once more. */
  readonly onProgress?: ((report: OrderReport) => void) | undefined;
}

/** Carries out one order: both halves side by side, each until it holds. */
export async function carryOut(order: Order, workshop: Workshop, patience: Patience): Promise<OrderReport> {
  return new OrderRun(order, workshop, patience).run();
}

/**
 * The same for a new order.
 *
 * @throws StoreError where this database can't take the entry and Unleash was not changed either: nothing was done
 */
export async function carryOutNew(order: Order, workshop: Workshop, patience: Patience): Promise<OrderReport> {
  const run = new OrderRun(order, workshop, patience, true);
  const report = await run.run();
  if (run.refusal !== undefined && report.settled) throw run.refusal;
  return report;
}

/** The database is the wrong one, or not migrated, or refuses the user: trying the same again can't help. */
const FINAL_KINDS: ReadonlySet<StoreErrorKind> = new Set(['schema_older', 'schema_newer', 'refused']);

class OrderRun {
  #order: Order;
  readonly #workshop: Workshop;
  readonly #patience: Patience;
  readonly #isNew: boolean;
  #control: ControlHalf;
  #unleash: UnleashHalf;
  #journalError: string | undefined;
  #settleError: string | undefined;
  #refusal: StoreError | undefined;
  /** Places that the revival leaves off, and why. */
  #left: readonly LeftPlace[] = [];
  /** The kill was revived while it was carried out, and what it had switched off is on again. */
  #undone = false;

  constructor(order: Order, workshop: Workshop, patience: Patience, isNew = false) {
    this.#isNew = isNew;
    this.#order = order;
    this.#workshop = workshop;
    this.#patience = patience;
    const pending = { state: 'pending', since: Date.now(), attempts: 0, notes: [] } as const;
    this.#control = order.recorded ? { ...pending, state: 'held' } : pending;
    const needed = order.action === 'revive' ? order.places.length > 0 : targetOf(order.scope) !== undefined;
    this.#unleash = { ...pending, state: needed ? 'pending' : 'not_needed', notes: order.notes, switched: [] };
  }

  /** Why this database can't take the entry. */
  get refusal(): StoreError | undefined {
    return this.#refusal;
  }

  async run(): Promise<OrderReport> {
    await this.#writeDown(this.#order);
    if (this.#order.action === 'kill') await Promise.all([this.#record(), this.#obeyInUnleash()]);
    else {
      // What widens waits for the log: it is the one that decides.
      await this.#record();
      if (this.#control.state === 'held') await this.#obeyInUnleash();
    }
    return this.#report(await this.#settle());
  }

  async #record(): Promise<void> {
    if (this.#order.recorded) return;
    const { control } = this.#workshop;
    const { id, scope, reason, actor, entry, expected, action } = this.#order;
    const task = taskOf(this.#order);
    const change =
      action === 'kill' ? ({ kind: 'kill', kill: { id, scope, reason } } as const) : ({ kind: 'revive', id } as const);
    const write = { actor, reason, id: entry, expected, task };
    const outcome = await this.#repeat('control', () =>
      // The id of a revival names the kill it ends: another person recorded the same.
      control.apply(change, write).catch((error: unknown) => {
        if (isReusedIdError(error) && entry.startsWith('revive-')) return error.entry;
        throw error;
      }),
    );
    const { state } = outcome;
    if (outcome.state !== 'held')
      this.#control = { ...this.#control, state, error: outcome.error, errorKind: this.#refusal?.kind };
    else {
      this.#control = heldNow(this.#control, { revision: outcome.value.revision });
      const { epoch } = outcome.value;
      await this.#workshop.journal?.rememberLog(epoch).catch(() => undefined);
      await this.#writeDown({ ...this.#order, recorded: true, log: epoch });
    }
    this.#tell();
  }

  async #obeyInUnleash(): Promise<void> {
    const { admin } = this.#workshop;
    if (this.#order.action === 'revive') await this.#addWaiting();
    if (this.#unleash.state === 'not_needed') return;
    if (admin === undefined) {
      this.#unleash = {
        ...this.#unleash,
        error: "it was not given Unleash's admin API: its address, and an admin token",
      };
      return;
    }
    const work = () => (this.#order.action === 'kill' ? this.#off(admin) : this.#on(admin));
    const outcome = await this.#repeat('unleash', work);
    if (outcome.state === 'held') this.#unleash = heldNow(this.#unleash, outcome.value);
    else this.#unleash = { ...this.#unleash, state: outcome.state, error: outcome.error };
    this.#tell();
  }

  async #off(admin: AdminClient): Promise<Partial<UnleashHalf>> {
    const { control } = this.#workshop;
    const { scope, environments, id } = this.#order;
    const target = targetOf(scope);
    if (target === undefined) return { state: 'not_needed' };
    if (this.#control.state === 'held' && (await revivedMeanwhile(control, id))) return this.#undo(admin);
    const noteOn = (place: FlagPlace): Promise<void> => {
      const places = joined(this.#order.places, [place]);
      return this.#writeDown({ ...this.#order, places });
    };
    const notes = await switchOff({ admin, target, environments, noteOn });
    return { notes, switched: this.#order.places };
  }

  async #on(admin: AdminClient): Promise<Partial<UnleashHalf>> {
    const { control } = this.#workshop;
    const { places, notes: known } = this.#order;
    const killOf = (flag: string): Promise<string | undefined> => killCovering(control.store, flag);
    const { switched, left, notes } = await switchOn({ admin, places, killOf });
    this.#left = left;
    return { switched, notes: [...known, ...notes] };
  }

  /** A kill that was revived while it was carried out: what it had switched off before is switched on again. */
  async #undo(admin: AdminClient): Promise<Partial<UnleashHalf>> {
    const { store } = this.#workshop.control;
    const { id, places } = this.#order;
    const revived = 'The kill was revived meanwhile.';
    this.#undone = true;
    if (places.length === 0 || (await wasLeftOff(store, id))) return { state: 'not_needed', notes: [revived] };
    const { switched, notes } = await switchOn({ admin, places, killOf: (flag) => killCovering(store, flag) });
    const on = switched.map(({ flag, environment }) => `"${flag}" in ${environment} is on again.`);
    return { state: 'not_needed', notes: [revived, ...on, ...notes] };
  }

  /** Adds what an earlier revival left off because of this kill; another machine may have done so until just now. */
  async #addWaiting(): Promise<void> {
    const target = targetOf(this.#order.scope);
    if (target === undefined || this.#order.left !== undefined) return;
    try {
      const places = waitingFor(target, await ledgerOf(this.#workshop.control.store));
      const all = joined(this.#order.places, places);
      if (all.length === 0) return;
      await this.#writeDown({ ...this.#order, places: all });
      if (this.#unleash.state === 'not_needed') this.#unleash = { ...this.#unleash, state: 'pending', notes: [] };
    } catch {
      // What was known before the revival was recorded is restored.
    }
  }

  /** Notes in the outbox that the work is done, and takes the order out of the journal. */
  async #settle(): Promise<boolean> {
    if (isOpen(this.#control) || (isOpen(this.#unleash) && this.#changesUnleash())) return false;
    // What was switched off in Unleash is kept for the right database, so that a revival can restore it.
    if (this.#refusal !== undefined && (!this.#isNew || this.#order.places.length > 0)) return false;
    if (this.#control.state === 'held' && taskOf(this.#order) !== undefined) {
      const { outbox } = this.#workshop.control.store;
      const known = await this.#workshop.journal?.find(this.#order);
      const off = this.#undone ? [] : joined(this.#order.places, known?.places ?? []);
      const switched = this.#order.action === 'kill' ? off : this.#unleash.switched;
      const result = asJson({ switched, notes: this.#unleash.notes, left: this.#left });
      const { signal } = this.#patience;
      const work = (): Promise<void> => outbox.complete(this.#order.entry, result);
      const onFailure = (error: string): void => {
        this.#settleError = error;
        this.#tell();
      };
      const noted = await untilHeld(work, { signal, isFinal: () => false, onFailure });
      if (noted.state !== 'held') return false;
    }
    return this.#forget();
  }

  /** An order that this database refuses has no part in Unleash without Unleash's admin API. */
  #changesUnleash(): boolean {
    return this.#refusal === undefined || this.#workshop.admin !== undefined;
  }

  async #forget(): Promise<boolean> {
    try {
      await this.#workshop.journal?.remove(this.#order);
      return true;
    } catch (error) {
      this.#journalError = messageOf(error);
      return false;
    }
  }

  #repeat<T>(half: 'control' | 'unleash', attempt: () => Promise<T>): Promise<Outcome<T>> {
    const onFailure = (error: string): void => {
      if (half === 'control') this.#control = { ...this.#control, error, attempts: this.#control.attempts + 1 };
      else this.#unleash = { ...this.#unleash, error, attempts: this.#unleash.attempts + 1 };
      this.#tell();
      if (half === 'unleash' && this.#control.state === 'held') void this.#noteFailure(error);
    };
    const isFinal = (error: unknown): boolean => {
      if (isControlInputError(error) || isConflictError(error) || isReusedIdError(error)) return true;
      if (!isStoreError(error) || !FINAL_KINDS.has(error.kind)) return false;
      if (half === 'control') this.#refusal = error;
      return half === 'control';
    };
    return untilHeld(attempt, { signal: this.#patience.signal, isFinal, onFailure });
  }

  // For those who look from another machine. What is pending is known without it.
  async #noteFailure(error: string): Promise<void> {
    try {
      await this.#workshop.control.store.outbox.recordFailure(this.#order.entry, error);
    } catch {
      // The next failure tries again.
    }
  }

  async #writeDown(order: Order): Promise<void> {
    this.#order = order;
    try {
      const whole = await this.#workshop.journal?.write(order);
      if (whole !== undefined) this.#order = { ...this.#order, places: joined(this.#order.places, whole.places) };
    } catch (error) {
      // Better a kill that can't be resumed than none.
      this.#journalError = messageOf(error);
    }
  }

  #tell(): void {
    this.#patience.onProgress?.(this.#report(false));
  }

  #report(settled: boolean): OrderReport {
    const { action, id, scope } = this.#order;
    const halves = { control: this.#control, unleash: this.#unleash };
    const errors = { settleError: settled ? undefined : this.#settleError, journalError: this.#journalError };
    return { action, id, scope, ...halves, settled, ...errors };
  }
}

function heldNow<H extends ControlHalf | UnleashHalf>(half: H, more: Partial<H>): H {
  return { ...half, state: 'held', since: Date.now(), error: undefined, ...more };
}

const isOpen = ({ state }: ControlHalf | UnleashHalf): boolean => state === 'pending';

/** Whether somebody revived it; a log that can't be read keeps nothing from being switched off. */
async function revivedMeanwhile(control: Workshop['control'], id: string): Promise<boolean> {
  try {
    return (await readKill(control.store, id)) === undefined;
  } catch {
    return false;
  }
}
