import {
  applyControl,
  type ControlChange,
  type ControlLog,
  type ControlState,
  EMPTY_CONTROL,
  EMPTY_TENANT,
  type LogBatch,
  type LogEffect,
  type LogEntry,
  type SharedSnapshot,
  type TenantSnapshot,
} from '@rampart/core';

/** A control log in memory that can be slow, fail, be replaced, and counts what is asked of it. */
export class MemoryLog implements ControlLog {
  epoch = '00000000000000aa';
  now = 1_000_000;
  readonly asked = { log: 0, tenant: 0, shared: 0 };
  /** Rejects everything while it is set. */
  failure: Error | undefined;
  /** Rejects the next reading of the log that begins here. */
  failAt: number | undefined;
  /** Holds every answer, after it was made, until the promise is settled. */
  hold: Promise<void> | undefined;
  #entries: LogEntry[] = [];
  #state: ControlState = EMPTY_CONTROL;

  get head(): number {
    return this.#entries.length;
  }

  revision(position = this.head): string {
    return `${this.epoch}.${position}`;
  }

  append(...changes: readonly ControlChange[]): string {
    for (const change of changes) {
      this.#state = applyControl(this.#state, change);
      this.#entries.push({ position: this.#entries.length + 1, effect: { kind: 'change', change } });
    }
    return this.revision();
  }

  appendEffect(effect: LogEffect): void {
    this.#state = { ...this.#state, position: this.#state.position + 1 };
    this.#entries.push({ position: this.#entries.length + 1, effect });
  }

  /** Takes away what the entry at a position said; what it did stays. */
  eraseEntry(position: number): void {
    this.#entries = this.#entries.map((entry) =>
      entry.position === position ? { position, effect: { kind: 'begin_anew' } } : entry,
    );
  }

  /** As a database that was restored or replaced. */
  replace(epoch: string, ...changes: readonly ControlChange[]): void {
    this.epoch = epoch;
    this.#entries = [];
    this.#state = EMPTY_CONTROL;
    this.append(...changes);
  }

  /** Loses the entry at a position, as nobody should. */
  lose(position: number): void {
    this.#entries = this.#entries.filter((entry) => entry.position !== position);
  }

  async readLog(after: number, limit: number): Promise<LogBatch> {
    this.asked.log += 1;
    if (this.failAt === after) {
      this.failAt = undefined;
      throw new Error('lost');
    }
    const entries = this.#entries.filter(({ position }) => position > after).slice(0, limit);
    const head = this.#entries.at(-1)?.position ?? 0;
    return this.#answer({ epoch: this.epoch, head, entries, now: this.now });
  }

  async readTenant(tenantId: string): Promise<TenantSnapshot> {
    this.asked.tenant += 1;
    const tenant = this.#state.tenants.get(tenantId) ?? EMPTY_TENANT;
    return this.#answer({ epoch: this.epoch, position: this.#state.position, tenant });
  }

  async readShared(): Promise<SharedSnapshot> {
    this.asked.shared += 1;
    const { position, tenants: _, ...shared } = this.#state;
    return this.#answer({ epoch: this.epoch, position, shared });
  }

  async #answer<T>(answer: T): Promise<T> {
    this.#requireAlive();
    await this.hold;
    // It may have failed while the answer was held.
    this.#requireAlive();
    return answer;
  }

  #requireAlive(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** What a tenant said of one class. */
export const consent = (
  tenant: string,
  state: 'opt_in' | 'opt_out',
  featureClass = 'copilot',
): Extract<ControlChange, { kind: 'consent' }> => ({ kind: 'consent', tenant, featureClass, consent: { state } });
