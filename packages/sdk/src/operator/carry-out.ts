import { isControlInputError, type JsonValue } from '@rampart/core';
import { isConflictError } from '@rampart/store';
import type { AdminClient } from '@rampart/unleash/admin';
import type { DurableControl } from '../durable-control.js';
import type { Journal } from './journal.js';
import { killCovering, readKill } from './live-kills.js';
import { joined, type Order, targetOf, taskOf } from './order.js';
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

class OrderRun {
  #order: Order;
  readonly #workshop: Workshop;
  readonly #patience: Patience;
  #control: ControlHalf;
  #unleash: UnleashHalf;
  #journalError: string | undefined;
  #settleError: string | undefined;

  constructor(order: Order, workshop: Workshop, patience: Patience) {
    this.#order = order;
    this.#workshop = workshop;
    this.#patience = patience;
    const pending = { state: 'pending', since: Date.now(), attempts: 0, notes: [] } as const;
    this.#control = order.recorded ? { ...pending, state: 'held' } : pending;
    const needed = order.action === 'revive' ? order.places.length > 0 : targetOf(order.scope) !== undefined;
    this.#unleash = { ...pending, state: needed ? 'pending' : 'not_needed', notes: order.notes, switched: [] };
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
    const outcome = await this.#repeat('control', () => control.apply(change, write));
    const { state } = outcome;
    if (outcome.state !== 'held') this.#control = { ...this.#control, state, error: outcome.error };
    else {
      this.#control = heldNow(this.#control, { revision: outcome.value.revision });
      await this.#writeDown({ ...this.#order, recorded: true });
    }
    this.#tell();
  }

  async #obeyInUnleash(): Promise<void> {
    const { admin } = this.#workshop;
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
    if (target === undefined || (this.#control.state === 'held' && (await revivedMeanwhile(control, id))))
      return { state: 'not_needed', notes: ['The kill was revived meanwhile.'] };
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
    const { switched, notes } = await switchOn({ admin, places, killOf });
    return { switched, notes: [...known, ...notes] };
  }

  /** Notes in the outbox that the work is done, and takes the order out of the journal. */
  async #settle(): Promise<boolean> {
    if (isOpen(this.#control) || isOpen(this.#unleash)) return false;
    if (this.#control.state === 'held' && taskOf(this.#order) !== undefined) {
      const { tasks } = this.#workshop.control.store;
      const known = await this.#workshop.journal?.find(this.#order);
      const switched =
        this.#order.action === 'kill' ? joined(this.#order.places, known?.places ?? []) : this.#unleash.switched;
      const result = { switched, notes: this.#unleash.notes } as unknown as JsonValue;
      const { signal } = this.#patience;
      const work = (): Promise<void> => tasks.done(this.#order.entry, result);
      const onFailure = (error: string): void => {
        this.#settleError = error;
        this.#tell();
      };
      const noted = await untilHeld(work, { signal, isFinal: () => false, onFailure });
      if (noted.state !== 'held') return false;
    }
    return this.#forget();
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
    const isFinal = (error: unknown): boolean => isControlInputError(error) || isConflictError(error);
    return untilHeld(attempt, { signal: this.#patience.signal, isFinal, onFailure });
  }

  // For those who look from another machine. What is pending is known without it.
  async #noteFailure(error: string): Promise<void> {
    try {
      await this.#workshop.control.store.tasks.failed(this.#order.entry, error);
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
