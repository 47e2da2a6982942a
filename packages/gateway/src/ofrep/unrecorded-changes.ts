import type { ControlChanged, ControlSource } from '@rampart/core';
import type { Rampart } from '@rampart/sdk';
import { type Digests, eraOf } from '../decisions/digests.js';

/** Options of {@link UnrecordedChanges}. */
interface Options {
  readonly rampart: { readonly control: ControlSource; readonly flags: Rampart['flags'] };
  readonly digests: Digests;
  readonly tell: (change: ControlChanged) => void;
  /** Whether anybody listens for a tenant still. */
  readonly isHeard: (tenant: string) => boolean;
}

/** How often it is looked, in ms. */
const EVERY = 1_000;
/** Tenants that are read first at one time. */
const AT_ONCE = 200;

/**
 * What changes answers though nobody recorded anything: an override has ended, a date has come that a rule compares with,
 * consent can't be proven any more, or can again. Whoever was told nothing of it would go on with what it has.
 */
export class UnrecordedChanges {
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  /** Overrides of tenants that have any, by their names. */
  readonly #overrides = new Map<string, string>();
  readonly #unread = new Set<string>();
  #provable: boolean;
  #era: number | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#provable = this.#isProvable();
    this.#era = this.#now();
    this.#timer = setInterval(() => this.#look(), EVERY).unref();
  }

  /** Watches a tenant's overrides as long as it is heard; to be called again when they may have changed. */
  watch(tenant: string): void {
    this.#unread.add(tenant);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const [provable, era] = [this.#isProvable(), this.#now()];
    const isOther = provable !== this.#provable || era !== this.#era;
    this.#provable = provable;
    this.#era = era;
    if (isOther) this.#options.tell({ tenants: 'all' });
    if (!provable) return;
    let left = AT_ONCE;
    for (const tenant of this.#unread) {
      if ((left -= 1) < 0) break;
      this.#readFirst(tenant);
    }
    for (const [tenant, known] of this.#overrides) this.#readAgain(tenant, known);
  }

  #readFirst(tenant: string): void {
    const { rampart, isHeard } = this.#options;
    const overrides = isHeard(tenant) ? this.#read(tenant) : '';
    if (overrides === undefined) {
      void rampart.control.load?.(tenant);
      return;
    }
    this.#unread.delete(tenant);
    if (overrides === '') this.#overrides.delete(tenant);
    else this.#overrides.set(tenant, overrides);
  }

  // What is told of is watched anew.
  #readAgain(tenant: string, known: string): void {
    const { tell, isHeard } = this.#options;
    const overrides = isHeard(tenant) ? this.#read(tenant) : '';
    if (overrides === undefined || overrides === known) return;
    this.#overrides.delete(tenant);
    tell({ tenants: [tenant] });
  }

  #read(tenant: string): string | undefined {
    const view = this.#options.rampart.control.read(tenant);
    return view === undefined ? undefined : (view.tenant.overrides ?? []).map(({ id }) => id).join('\n');
  }

  #isProvable(): boolean {
    return this.#options.rampart.control.read(undefined) !== undefined;
  }

  #now(): number | undefined {
    const flags = this.#options.digests.flags(this.#options.rampart.flags.snapshot());
    return flags === undefined ? undefined : eraOf(flags, Date.now());
  }
}
