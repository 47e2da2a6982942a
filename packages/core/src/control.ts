import { foldFact } from './list.js';
import type { Bands, Mode } from './modes.js';
import type { ConsentModel } from './parameters.js';
import type { Subject } from './subject.js';

/**
 * The state of a tenant's consent. `unset` is a known state: nothing was chosen, and the model's default counts. `unknown`
 * means that the recorded value is no state, or that the record is inconsistent: it closes under every model. A change
 * can't set it.
 */
export type ConsentState = 'opt_in' | 'opt_out' | 'unset' | 'unknown';

/** A tenant's recorded consent for one class. */
export interface Consent {
  readonly state: ConsentState;
  /** Version of the terms that were agreed to. */
  readonly version?: number | undefined;
}

/**
 * A user's own choice. The class {@link EVERY_CLASS} means all AI. `unknown` means that the recorded value is no choice: it
 * closes. A change can't set it.
 */
export type UserChoice = 'opt_in' | 'opt_out' | 'unknown';

/** The consent model stored for a class. `unknown` means that the recorded value is no model: the class closes. */
export type StoredModel = ConsentModel | 'unknown';

/** The class under which a user's choice covers all AI. */
export const EVERY_CLASS = '*';

/** The subjects that a kill, cap or floor covers: all present parts must match. `{ all: true }` covers everything. */
export interface Scope {
  readonly all?: boolean | undefined;
  readonly feature?: string | undefined;
  readonly change?: string | undefined;
  readonly tenant?: string | undefined;
  readonly tier?: string | undefined;
  readonly region?: string | undefined;
  readonly label?: string | undefined;
}

/** A kill switch that is on. */
export interface Kill {
  readonly id: string;
  readonly scope: Scope;
  readonly reason: string;
}

/** An emergency cap on automation. */
export interface ModeCap {
  readonly id: string;
  readonly scope: Scope;
  readonly mode: Mode;
}

/** An emergency floor under the confidence thresholds. */
export interface ConfidenceFloor {
  readonly id: string;
  readonly scope: Scope;
  readonly bands: Partial<Bands>;
}

/**
 * An operator's exception for one tenant and one flag, for a time. It counts as if the flag's own lists named the tenant:
 * `on` as `forceOn`, `off` as `forceOff`.
 */
export interface Override {
  readonly id: string;
  /** A feature or a change. */
  readonly flag: string;
  readonly force: 'on' | 'off';
  readonly reason: string;
  /** When it ends, in ms since 1970, by the clock of the database that records it. */
  readonly until: number;
}

/** Everything recorded about one tenant. */
export interface TenantControl {
  readonly consents: ReadonlyMap<string, Consent>;
  /** User id → class → choice. */
  readonly users: ReadonlyMap<string, ReadonlyMap<string, UserChoice>>;
  /** Most automation the tenant wants. */
  readonly mode?: Mode | undefined;
  /** Thresholds the tenant wants at least. */
  readonly bands?: Partial<Bands> | undefined;
  /** Those that have ended may still be listed in a state; a {@link ControlView} holds none of them. */
  readonly overrides?: readonly Override[] | undefined;
}

/** Everything recorded that is no tenant's own. */
export interface SharedControl {
  /** Stricter models stored for a class. */
  readonly models: ReadonlyMap<string, StoredModel>;
  readonly kills: readonly Kill[];
  readonly modeCaps: readonly ModeCap[];
  readonly confidenceFloors: readonly ConfidenceFloor[];
  /** Change → recorded calibration error, 0..1. */
  readonly calibrations: ReadonlyMap<string, number>;
}

/** What is known, and fresh enough to decide from, at one position of the control log. */
export interface ControlView extends SharedControl {
  /** Names the position; a write returns one, a caller may pass it as `consentRevision`. */
  readonly revision: string;
  readonly tenant: TenantControl;
}

export const EMPTY_TENANT: TenantControl = Object.freeze({ consents: new Map(), users: new Map() });

/**
 * Whether a scope covers a subject; tier, region and label compare without case. A part of the subject that is unknown counts
 * as covered.
 */
export function covers(scope: Scope, feature: string, change: string | undefined, subject: Subject): boolean {
  if (scope.all === true) return true;
  return (
    (scope.feature === undefined || scope.feature === feature) &&
    (scope.change === undefined || scope.change === change) &&
    (scope.tenant === undefined || subject.tenantId === undefined || scope.tenant === subject.tenantId) &&
    matchesFact(scope.tier, subject.tier) &&
    matchesFact(scope.region, subject.region) &&
    (scope.label === undefined || (subject.labels?.includes(foldFact(scope.label)) ?? true))
  );
}

// What is recorded keeps its case, for the audit.
function matchesFact(wanted: string | undefined, fact: string | undefined): boolean {
  return wanted === undefined || fact === undefined || wanted === fact || foldFact(wanted) === fact;
}
