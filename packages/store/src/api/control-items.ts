import type { Consent, ControlChange, JsonValue } from '@rampart/core';

/** Author, reason and conditions of a change. */
export interface Write {
  /** Id of a user or name of a program, 1 to 255 characters. */
  readonly actor: string;
  /** At most 2000 characters. */
  readonly reason: string;
  /**
   * The revision that the writer has read: any revision of this store. A later change of the item is a conflict. `'any'` overwrites
   * every state. Without it the item must be new or equal, or the change must only restrict AI.
   */
  readonly expected?: string | undefined;
  /**
   * Idempotency key, 1 to 64 printable ASCII characters. If the same write (change, actor, reason) is recorded under this id, nothing
   * changes and its entry is returned; another write under the id is a `ReusedIdError`.
   * @default a random UUID
   */
  readonly id?: string | undefined;
  /** Follow-up work, recorded in the transaction of the change; see `ControlStore.outbox`. @default none */
  readonly task?: JsonValue | undefined;
}

/** Revision, author and time of a recorded item. */
interface Recorded {
  /** Pass it as {@link Write.expected}. */
  readonly revision: string;
  /** Undefined after an erasure. */
  readonly actor?: string | undefined;
  /** Undefined after an erasure. */
  readonly reason?: string | undefined;
  /** Time of the record in ms since 1970, by the database's clock. */
  readonly at: number;
}

/** A tenant's consent for one feature class. */
export interface ConsentRecord extends Recorded {
  readonly tenant: string;
  readonly featureClass: string;
  readonly consent: Consent;
}

/** A current item: a kill, a cap, a choice … */
export interface ControlItem extends Recorded {
  /** The change that would record the item as it is. */
  readonly change: ControlChange;
}

/** How many tenants opted in to and out of one feature class. */
export interface ConsentCount {
  readonly featureClass: string;
  readonly optIn: number;
  readonly optOut: number;
}

/** Kinds of item, named like the changes that record them. */
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

/** Filters of a list of items; all of them apply. */
export interface ItemQuery {
  /** @default every kind */
  readonly kind?: ItemKind | undefined;
  /** Items of this tenant. @default items of every tenant, and shared items */
  readonly tenant?: string | undefined;
  /** Choices of this user; needs `tenant`. */
  readonly user?: string | undefined;
  /** The kill, cap, floor or override with this id. */
  readonly id?: string | undefined;
}

/** Subject of an export or erasure: a tenant with all its users, or one user of it. */
export interface DataSubject {
  readonly tenant: string;
  readonly user?: string | undefined;
}
