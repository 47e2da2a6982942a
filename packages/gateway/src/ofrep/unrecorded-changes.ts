import type { ControlChanged, ControlSource } from '@rampart/core';
import type { Rampart } from '@rampart/sdk';
import { type Digests, eraOf } from '../decisions/digests.js';
import type { EventStreams } from './event-streams.js';

/** Options of {@link UnrecordedChanges}. */
interface Options {
  readonly rampart: { readonly control: ControlSource; readonly flags: Pick<Rampart['flags'], 'snapshot'> };
  readonly digests: Digests;
  /** Who listens. */
  readonly streams: Pick<EventStreams, 'hasTenant' | 'tenants'>;
  readonly tell: (change: ControlChanged) => void;
}

/** How often it is looked, in ms. */
const EVERY = 1_000;
/** Tenants that are read, and fetched where they are not at hand, at one time. */
const AT_ONCE = 200;

/**
 * What changes answers though nobody recorded anything: an override has ended, a date has come that a rule compares with,
 * consent can't be proven any more, or can again. Whoever was told nothing of it would go on with what it has.
 */
export class UnrecordedChanges {
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  /** Overrides that listeners know of, by tenant; of tenants that have any. */
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

  /** Watches a tenant's overrides as long as it is heard. To be called when somebody begins to listen, who knows those of now. */
  watch(tenant: string): void {
    this.#compare(tenant);
  }

  /** To be called when listeners were told of a change: what they ask for then has the overrides of now. */
  told({ tenants }: ControlChanged): void {
    for (const tenant of tenants === 'all' ? [...this.#overrides.keys()] : tenants) this.#note(tenant);
    if (tenants !== 'all') return;
    for (const tenant of this.#options.streams.tenants()) if (!this.#overrides.has(tenant)) this.#unread.add(tenant);
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
      this.#compare(tenant);
      if (this.#unread.has(tenant)) void this.#options.rampart.control.load?.(tenant).then(() => this.#compare(tenant));
    }
    for (const tenant of this.#overrides.keys()) this.#compare(tenant);
  }

  #compare(tenant: string): void {
    const { streams, tell } = this.#options;
    const known = this.#overrides.get(tenant);
    this.#note(tenant);
    const isOther = known !== undefined && known !== this.#overrides.get(tenant);
    if (isOther && streams.hasTenant(tenant)) tell({ tenants: [tenant] });
  }

  // What can't be read is read later, and compared with what is known now.
  #note(tenant: string): void {
    const overrides = this.#options.streams.hasTenant(tenant) ? this.#read(tenant) : '';
    if (overrides === undefined) {
      this.#unread.add(tenant);
      return;
    }
    this.#unread.delete(tenant);
    if (overrides === '') this.#overrides.delete(tenant);
    else this.#overrides.set(tenant, overrides);
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
