import type { ControlLog, LogBatch, SharedSnapshot, TenantSnapshot } from '@rampart/core';
import { isStoreError } from '@rampart/store';

/** A control log whose tables are created or brought up to date where the first use finds them lacking. */
export class MigratedLog implements ControlLog {
  readonly #log: ControlLog;
  readonly #migrate: (() => Promise<void>) | undefined;
  #ready: Promise<void> | undefined;

  /** @param migrate undefined where somebody else does it */
  constructor(log: ControlLog, migrate: (() => Promise<void>) | undefined) {
    this.#log = log;
    this.#migrate = migrate;
  }

  /** Resolves when the tables are up to date; rejects with what is in the way. */
  ready(): Promise<void> {
    this.#ready ??= this.#look().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  // Looked at first: a fleet that starts shall not queue for the lock of migrations, nor need the right to create tables.
  async #look(): Promise<void> {
    try {
      await this.#log.readLog(Number.MAX_SAFE_INTEGER, 1);
    } catch (error) {
      if (this.#migrate === undefined || !isStoreError(error) || error.kind !== 'schema_older') throw error;
      await this.#migrate();
    }
  }

  async readLog(after: number, limit: number): Promise<LogBatch> {
    await this.ready();
    return this.#log.readLog(after, limit);
  }

  async readTenant(tenantId: string): Promise<TenantSnapshot> {
    await this.ready();
    return this.#log.readTenant(tenantId);
  }

  async readShared(): Promise<SharedSnapshot> {
    await this.ready();
    return this.#log.readShared();
  }
}
