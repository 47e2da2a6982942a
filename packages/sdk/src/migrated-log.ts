import type { ControlLog, LogBatch, SharedSnapshot, TenantSnapshot } from '@rampart/core';

/** A control log whose tables are brought up to date before the first reading, and tried again where that failed. */
export class MigratedLog implements ControlLog {
  readonly #log: ControlLog;
  readonly #migrate: () => Promise<void>;
  #migrated: Promise<void> | undefined;

  constructor(log: ControlLog, migrate: () => Promise<void>) {
    this.#log = log;
    this.#migrate = migrate;
  }

  /** Resolves when the tables are up to date; rejects with what is in the way. */
  ready(): Promise<void> {
    this.#migrated ??= this.#migrate().catch((error: unknown) => {
      this.#migrated = undefined;
      throw error;
    });
    return this.#migrated;
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
