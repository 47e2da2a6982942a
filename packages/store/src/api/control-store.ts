import type { ControlChange, ControlLog, JsonValue } from '@rampart/core';
import type { EntryPage, EntryQuery } from './audit-entry.js';
import type { ConsentCount, ConsentRecord, ControlItem, DataSubject, ItemQuery, Write } from './control-items.js';
import type { ExposurePage, ExposureQuery } from './exposure.js';
import type { FlagChangeEvent } from './flag-change-event.js';
import type { EventPage, EventQuery, ExpiredEventQuery, Measurement, RecordedEvents } from './measurement.js';
import type { OutboxTask, OutboxTaskState } from './outbox-task.js';
import type { RecordedEntry } from './recorded-entry.js';
import type { SecretPeriod } from './secret-period.js';
import type { SignedHead, Verification, VerifyOptions } from './verification.js';

/** What `migrate` recorded because `tenant_ai_consents` and the control log differed. */
export interface ConsentRepair {
  /** Consents whose entry was missing or different. */
  readonly recorded: number;
  /** Opt-outs whose rows were deleted without a trigger, and inserted again. */
  readonly restored: number;
}

/** Schema and secrets. */
export interface StoreAdministration {
  /**
   * Creates or upgrades the tables. Several processes may call it at once. On MySQL and MariaDB it adopts an existing
   * `tenant_ai_consents` and records changes that no trigger noticed.
   *
   * @throws StoreError `schema_newer` if an incompatible newer version migrated the database
   */
  migrate(): Promise<ConsentRepair>;
  /**
   * Problems that prevent the adoption of `tenant_ai_consents` on MySQL and MariaDB, and unnoticed changes since its adoption. Each
   * names the column, key, engine, trigger or row. Changes nothing and needs no migration.
   */
  consentProblems(): Promise<readonly string[]>;
  /**
   * Records, signed by both secrets, that the option `secret` signs from this entry on. Processes with both secrets switch at this
   * entry; a process without the new secret is refused and closes AI. Idempotent.
   *
   * @returns the entry; undefined if `secret` signs already
   * @throws StoreError `refused` if the log is signed with a secret that is neither `secret` nor in `acceptedSecrets`
   */
  rotateSecret(write: Pick<Write, 'actor' | 'reason'>): Promise<RecordedEntry | undefined>;
  /** Which secret signed which part of the log, oldest first; one period more than rotations. */
  secretPeriods(): Promise<readonly SecretPeriod[]>;
}

/** Current items, and the changes that make them. */
export interface ControlRecords {
  /**
   * Records a change and its entry in one transaction.
   *
   * After an `OutcomeUnknownError` repeat the same call with the `id` of the error: the change is recorded at most once. After any
   * other error nothing is recorded.
   *
   * @throws ConflictError if the item has changed since the expected revision, ReusedIdError if the id belongs to another write,
   *   OutcomeUnknownError if no answer to the commit arrives
   */
  apply(change: ControlChange, write: Write): Promise<RecordedEntry>;
  /** The recorded consents of a tenant, by feature class. */
  consents(tenant: string): Promise<readonly ConsentRecord[]>;
  /** How many tenants opted in and out, by feature class. */
  consentCounts(): Promise<readonly ConsentCount[]>;
  /** Every current item, ended overrides included. */
  items(query?: ItemQuery): Promise<readonly ControlItem[]>;
}

/** The audit trail, its verification, and the rights of data subjects. */
export interface AuditLog {
  /** Entries by ascending position, one page per call. */
  entries(query?: EntryQuery): Promise<EntryPage>;
  /** The signed end of the log. Store it outside the database: it later proves that the log was rewritten or cut. */
  head(): Promise<SignedHead>;
  /** Checks the whole log and the state. Signs entries of legacy SQL code first. */
  verify(options?: VerifyOptions): Promise<Verification>;
  /** Everything stored about a tenant or a user, as JSON. */
  exportData(subject: DataSubject): Promise<JsonValue>;
  /**
   * Deletes everything stored about a tenant or a user, and records the erasure. Their choices become unset: consent falls back to the
   * default of its model. The chain of the log stays valid.
   */
  erase(subject: DataSubject, write: Pick<Write, 'actor' | 'reason' | 'id'>): Promise<RecordedEntry>;
}

/** Flag edits of a flag platform, copied into the control log. */
export interface FlagEditLog {
  /**
   * Copies flag edits into the control log, each exactly once.
   *
   * @param server identifies the platform; event ids count within it
   * @returns the number of new edits
   */
  recordFlagEdits(server: string, edits: readonly FlagChangeEvent[]): Promise<number>;
  /** The highest recorded event id of a server. */
  lastFlagEdit(server: string): Promise<number | undefined>;
}

/** Measurements. They are no entries of the log; an erasure deletes those about its subject. */
export interface EventStore {
  /** Records up to 1000 measurements durably. A recorded id is skipped, so a batch may be repeated. */
  recordEvents(events: readonly Measurement[]): Promise<RecordedEvents>;
  /** Measurements by the time they happened, one page per call. */
  events(query?: EventQuery): Promise<EventPage>;
  /**
   * Subjects with exposures to a change (measurements named `exposure`), one page per call. A page reads up to 5000 exposures by an index
   * over change and time. Erased subjects are left out.
   */
  exposures(query: ExposureQuery): Promise<ExposurePage>;
  /** Changes with measurements, ascending by name; up to 500. */
  exposedChanges(): Promise<readonly string[]>;
  /** Deletes old measurements and returns their number. Several processes may call it at once. */
  deleteExpiredEvents(query: ExpiredEventQuery): Promise<number>;
}

/**
 * The control log and its state in SQL. Connects at the first call. Every method rejects with a `StoreError` if the database can't be used,
 * and with core's `ControlInputError` for an invalid argument.
 */
export interface ControlStore
  extends ControlLog,
    StoreAdministration,
    ControlRecords,
    AuditLog,
    FlagEditLog,
    EventStore {
  /** Follow-up work that was recorded with changes ({@link Write.task}). */
  readonly outbox: Outbox;
  /** Closes the connections within the timeout. Idempotent. */
  close(): Promise<void>;
}

/** Transactional outbox. */
export interface Outbox {
  /** Tasks that are not completed, oldest first. */
  pending(): Promise<readonly OutboxTask[]>;
  /** All tasks, oldest first. */
  all(): Promise<readonly OutboxTaskState[]>;
  /** The task of a write; undefined if no write recorded one under this id. */
  find(id: string): Promise<OutboxTaskState | undefined>;
  /** Completes a task. The first result is kept. */
  complete(id: string, result?: JsonValue): Promise<void>;
  /** Counts a failed attempt. The task stays pending. */
  recordFailure(id: string, error: string): Promise<void>;
}
