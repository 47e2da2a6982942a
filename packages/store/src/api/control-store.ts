import type { Consent, ControlChange, ControlLog, JsonValue } from '@rampart/core';
import type { EntryPage, EntryQuery } from './audit-entry.js';
import type { ExposurePage, ExposureQuery } from './exposure.js';
import type { FlagChangeEvent } from './flag-change-event.js';
import type { EventPage, EventQuery, ExpiredEventQuery, Measurement, RecordedEvents } from './measurement.js';
import type { OutboxTask, OutboxTaskState } from './outbox-task.js';
import type { RecordedEntry } from './recorded-entry.js';
import type { SecretPeriod } from './secret-period.js';
import type { SignedHead, Verification, VerifyOptions } from './verification.js';

/** Where the store is, and how long it may take. */
export interface StoreOptions {
  /**
   * `postgres://…`, `postgresql://…`, `mysql://…` or `mariadb://…`, or the folder of an embedded PGlite. The embedded one
   * needs no server, belongs to one process at a time, and promises nothing when the power fails.
   */
  readonly database: string | { readonly folder: string };
  /** At least 32 characters. Chains and signs the log; never stored. Without it no entry can be written or verified. */
  readonly secret: string;
  /**
   * Secrets that count beside {@link secret}, at least 32 characters each: the next one before a rotation, the former one
   * after it. The log says which of them signs. `verify` needs every secret that the log was ever signed with.
   * @default none
   */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /**
   * Longest wait, in ms, from 1: for a free connection, for a new connection with its session set-up, for the answer to one
   * statement (a commit too), for other writers of this process, and for closing. A connection that passes it is destroyed
   * and replaced. A call waits for a few of them: it settles within about six times the timeout. A statement of `migrate`
   * may take 60 s.
   * @default 2000
   */
  readonly timeoutMs?: number | undefined;
  /** Connections of this process. PGlite has one, whatever this says. */
  readonly pool?:
    | {
        /**
         * Maximum number of connections, from 1.
         * @default 10
         */
        readonly max?: number | undefined;
      }
    | undefined;
  /** Told what went wrong without failing a call: a connection that broke while nobody used it. @default silent */
  readonly logger?: { warn(message: string): void } | undefined;
}

/** Who writes, why, and what they had read. */
export interface Write {
  /** A user id, or the name of a program. 1 to 255 characters. */
  readonly actor: string;
  /** At most 2000 characters. */
  readonly reason: string;
  /**
   * The revision the writer read: any token of this store. An item changed after it is a conflict. `'any'` overwrites
   * knowingly. Without it the item has to be new or the same, or the write only narrows what AI may do.
   */
  readonly expected?: string | undefined;
  /**
   * Makes the write repeatable: where the same write (change, actor, reason) is recorded under this id already, the answer is
   * that entry and nothing changes; another write under the id is a {@link ReusedIdError}. 1 to 64 printable ASCII characters.
   * @default a random UUID
   */
  readonly id?: string | undefined;
  /** Work that has to follow, recorded with the change or not at all; see {@link ControlStore.outbox}. @default none */
  readonly task?: JsonValue | undefined;
}

/** A tenant's consent for one class, and the change that recorded it. */
export interface ConsentRecord {
  readonly tenant: string;
  readonly featureClass: string;
  readonly consent: Consent;
  /** To be handed back as {@link Write.expected}. */
  readonly revision: string;
  /** Undefined where it was erased. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly at: number;
}

/** Something recorded that holds now: a kill, a cap, a choice … */
export interface ControlItem {
  /** The change that would record it as it stands. */
  readonly change: ControlChange;
  /** To be handed back as {@link Write.expected}. */
  readonly revision: string;
  /** Undefined where it was erased. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly at: number;
}

/** How many tenants opted in to and out of one feature class. */
export interface ConsentCount {
  readonly featureClass: string;
  readonly optIn: number;
  readonly optOut: number;
}

/** What kinds of item there are: the kinds of change that record one. */
export type ItemKind =
  | 'consent'
  | 'choice'
  | 'preference'
  | 'override'
  | 'model'
  | 'kill'
  | 'cap'
  | 'floor'
  | 'calibration';

/** Which items to list; every part narrows. */
export interface ItemQuery {
  /** @default every kind */
  readonly kind?: ItemKind | undefined;
  /** Only what is recorded about this tenant. @default every tenant, and what is no tenant's own */
  readonly tenant?: string | undefined;
  /** Only the choices of this user; needs `tenant`. */
  readonly user?: string | undefined;
  /** The kill, cap, floor or override of this id. */
  readonly id?: string | undefined;
}

/** Whom an export or an erasure is about: a tenant with all its users, or one user of it. */
export interface DataSubject {
  readonly tenant: string;
  readonly user?: string | undefined;
}

/** What {@link ControlStore.migrate} recorded because `tenant_ai_consents` and the control log differed. */
export interface ConsentRepair {
  /** Consents of the table that the log said otherwise, or nothing, of. */
  readonly recorded: number;
  /** Opt-outs whose rows had been removed where no trigger saw it, and were put back. */
  readonly restored: number;
}

/**
 * The control log and what it adds up to, in SQL. Connects when it is first used. Every method rejects with a
 * {@link StoreError} where the database can't be used, and with core's `ControlInputError` where what is asked can't be.
 */
export interface ControlStore extends ControlLog {
  /**
   * Creates the tables, or brings them up to this version; forward only, and safe from several processes at once. On MySQL
   * and MariaDB it adopts the `tenant_ai_consents` that is there, and repairs what changed where no trigger saw it.
   *
   * @throws StoreError `schema_newer` where a newer version of this package was here that this one can't work with
   */
  migrate(): Promise<ConsentRepair>;
  /**
   * What keeps the `tenant_ai_consents` of a MySQL or MariaDB from being adopted, and what of it may have changed unseen since
   * it was; each problem names the column, key, engine, trigger or row. Changes nothing, and needs no migration.
   */
  consentProblems(): Promise<readonly string[]>;
  /**
   * Records a change and its entry of the log, in one transaction.
   *
   * After an `OutcomeUnknownError` repeat the same call with the `id` of the error: the change is recorded at most once. After
   * any other error nothing was recorded.
   *
   * @throws ConflictError where somebody else changed the item meanwhile, ReusedIdError where the id belongs to another
   *   write, OutcomeUnknownError where the commit was sent and no answer came
   */
  apply(change: ControlChange, write: Write): Promise<RecordedEntry>;
  /** What a tenant's administrators recorded, class by class. */
  consents(tenant: string): Promise<readonly ConsentRecord[]>;
  /** How many tenants opted in and out, class by class. */
  consentCounts(): Promise<readonly ConsentCount[]>;
  /** Everything that holds now, overrides that have ended included. */
  items(query?: ItemQuery): Promise<readonly ControlItem[]>;
  /** The audit trail, ascending. */
  entries(query?: EntryQuery): Promise<EntryPage>;
  /**
   * Records, signed by both secrets, that the option `secret` signs from this entry on. Every process that has both secrets
   * changes at this entry; one that lacks the new secret is refused, and closes AI. Safe to repeat.
   *
   * @returns the entry; undefined where the log is signed with `secret` already
   * @throws StoreError `refused` where the log is signed with a secret that is neither `secret` nor in `acceptedSecrets`
   */
  rotateSecret(write: Pick<Write, 'actor' | 'reason'>): Promise<RecordedEntry | undefined>;
  /** Which secret signed which part of the log, oldest first; one more than there were rotations. */
  secretPeriods(): Promise<readonly SecretPeriod[]>;
  /** The end of the log, signed, to be kept outside the database: later it shows whether the log was rewritten or cut. */
  head(): Promise<SignedHead>;
  /** Reads the whole log and says what was tampered with. Seals what old code wrote by SQL. */
  verify(options?: VerifyOptions): Promise<Verification>;
  /** Everything stored about a tenant or a user, as JSON. */
  exportData(subject: DataSubject): Promise<JsonValue>;
  /**
   * Deletes everything stored about a tenant or a user and records that it was done. What they had chosen is unknown from
   * then on: consent falls back to the model's default. The log stays whole.
   */
  erase(subject: DataSubject, write: Pick<Write, 'actor' | 'reason' | 'id'>): Promise<RecordedEntry>;
  /** Work that was recorded with a change ({@link Write.task}) and has to be done once the change holds. */
  readonly outbox: Outbox;
  /**
   * Copies flag edits from a flag platform's event log into the control log, each exactly once.
   *
   * @param server names the platform; event ids count within it
   * @returns how many were new
   */
  recordFlagEdits(server: string, edits: readonly FlagChangeEvent[]): Promise<number>;
  /** The highest event id recorded of a server. */
  lastFlagEdit(server: string): Promise<number | undefined>;
  /**
   * Records measurements, at most 1000 at a time; resolves once they are durable. One whose id is recorded already is left as
   * it is, so a batch may be sent again. They are no entries of the log; an erasure takes along what names its subject.
   */
  recordEvents(events: readonly Measurement[]): Promise<RecordedEvents>;
  /** Measurements by when they happened, a page at a time. */
  events(query?: EventQuery): Promise<EventPage>;
  /**
   * Subjects with exposures to a change (measurements named `exposure`), a page at a time. A page reads at most 5000 exposures,
   * by an index over change and time. Erased subjects are in none.
   */
  exposures(query: ExposureQuery): Promise<ExposurePage>;
  /** Names of changes that measurements carry, ascending; at most 500. */
  exposedChanges(): Promise<readonly string[]>;
  /** Deletes old measurements; resolves to how many. Safe from several processes at once. */
  deleteExpiredEvents(query: ExpiredEventQuery): Promise<number>;
  /** Closes the connections, not waiting longer than the timeout. Idempotent. */
  close(): Promise<void>;
}

/** The work that is left to do. */
export interface Outbox {
  /** Those not done yet, oldest first. */
  pending(): Promise<readonly OutboxTask[]>;
  /** Those done and not done, oldest first. */
  all(): Promise<readonly OutboxTaskState[]>;
  /** How one stands, done or not; undefined where no write recorded one under this id. */
  find(id: string): Promise<OutboxTaskState | undefined>;
  /** Marks one as done; the first result stays. */
  complete(id: string, result?: JsonValue): Promise<void>;
  /** Notes that an attempt failed; it stays on the list. */
  recordFailure(id: string, error: string): Promise<void>;
}
