import {
  type ConfidenceFloor,
  type Consent,
  type ControlView,
  EMPTY_TENANT,
  type Kill,
  type ModeCap,
  type Override,
  type SharedControl,
  type StoredModel,
  type TenantControl,
  type UserChoice,
} from './control.js';
import { arrayOf, type Entries, EntryList, withEntry, withoutEntry } from './entry-list.js';
import type { Bands, Mode } from './modes.js';
import { type ClockRange, withoutEnded } from './overrides.js';
import { withChoice } from './user-choices.js';
import { put } from './versioned-map.js';

/** One change of what is recorded about a tenant. */
export type TenantChange =
  | { readonly kind: 'consent'; readonly tenant: string; readonly featureClass: string; readonly consent: Consent }
  | {
      readonly kind: 'choice';
      readonly tenant: string;
      readonly user: string;
      readonly featureClass: string;
      /** Undefined takes the choice back. */
      readonly choice: UserChoice | undefined;
    }
  | {
      readonly kind: 'preference';
      readonly tenant: string;
      readonly mode?: Mode | undefined;
      readonly bands?: Partial<Bands> | undefined;
    }
  | { readonly kind: 'override'; readonly tenant: string; readonly override: Override }
  | { readonly kind: 'lift_override'; readonly tenant: string; readonly id: string };

/** One change of what is no tenant's own. */
export type SharedChange =
  | { readonly kind: 'model'; readonly featureClass: string; readonly model: StoredModel }
  | { readonly kind: 'kill'; readonly kill: Kill }
  | { readonly kind: 'revive'; readonly id: string }
  | { readonly kind: 'cap'; readonly cap: ModeCap }
  | { readonly kind: 'lift_cap'; readonly id: string }
  | { readonly kind: 'floor'; readonly floor: ConfidenceFloor }
  | { readonly kind: 'lift_floor'; readonly id: string }
  | { readonly kind: 'calibration'; readonly change: string; readonly error: number };

/** One change of the control state. Expand-only union: every kind says all it needs. */
export type ControlChange = TenantChange | SharedChange;

/** Everything recorded, at one position. */
export interface ControlState extends SharedControl {
  readonly position: number;
  readonly tenants: ReadonlyMap<string, TenantControl>;
}

/** Nothing recorded yet. */
export const EMPTY_SHARED: SharedControl = Object.freeze({
  models: new Map(),
  kills: [],
  modeCaps: [],
  confidenceFloors: [],
  calibrations: new Map(),
});

export const EMPTY_CONTROL: ControlState = Object.freeze({ ...EMPTY_SHARED, position: 0, tenants: new Map() });

interface SharedParts {
  readonly models: SharedControl['models'];
  readonly kills: Entries<Kill>;
  readonly modeCaps: Entries<ModeCap>;
  readonly confidenceFloors: Entries<ConfidenceFloor>;
  readonly calibrations: SharedControl['calibrations'];
}

/** What states were made from: many changes in a row need no array in between. */
const SHARED_PARTS = new WeakMap<object, SharedParts>();
const OVERRIDES = new WeakMap<TenantControl, EntryList<Override>>();

/** The state after one more change: a pure fold, position by position, in constant time. */
export function applyControl(state: ControlState, change: ControlChange): ControlState {
  const position = state.position + 1;
  const parts = partsOf(state);
  if (!isTenantChange(change)) return stateOf(changedParts(parts, change), { position, tenants: state.tenants });
  const tenant = applyTenant(state.tenants.get(change.tenant) ?? EMPTY_TENANT, change);
  return stateOf(parts, { position, tenants: put(state.tenants, change.tenant, tenant) });
}

/** Whether a change is about one tenant alone. */
export function isTenantChange(change: ControlChange): change is TenantChange {
  return 'tenant' in change;
}

/** What is no tenant's own, after one more change. */
export function applyShared(shared: SharedControl, change: SharedChange): SharedControl {
  return stateOf(changedParts(partsOf(shared), change), {});
}

function changedParts(shared: SharedParts, change: SharedChange): SharedParts {
  switch (change.kind) {
    case 'model':
      return { ...shared, models: put(shared.models, change.featureClass, change.model) };
    case 'kill':
      return { ...shared, kills: withEntry(shared.kills, change.kill) };
    case 'revive':
      return { ...shared, kills: withoutEntry(shared.kills, change.id) };
    case 'cap':
      return { ...shared, modeCaps: withEntry(shared.modeCaps, change.cap) };
    case 'lift_cap':
      return { ...shared, modeCaps: withoutEntry(shared.modeCaps, change.id) };
    case 'floor':
      return { ...shared, confidenceFloors: withEntry(shared.confidenceFloors, change.floor) };
    case 'lift_floor':
      return { ...shared, confidenceFloors: withoutEntry(shared.confidenceFloors, change.id) };
    case 'calibration':
      return { ...shared, calibrations: put(shared.calibrations, change.change, change.error) };
  }
}

/** What is recorded about a tenant, after one more change of it. */
export function applyTenant(tenant: TenantControl, change: TenantChange): TenantControl {
  const { consents, users, mode, bands } = tenant;
  switch (change.kind) {
    case 'consent':
      return tenantOf(tenant, { consents: put(consents, change.featureClass, change.consent), users, mode, bands });
    case 'choice': {
      const { user, featureClass, choice } = change;
      return tenantOf(tenant, { consents, users: withChoice(users, user, featureClass, choice), mode, bands });
    }
    case 'preference':
      return tenantOf(tenant, { consents, users, mode: change.mode, bands: change.bands });
    case 'override':
      return withOverrides(tenant, withEntry(overridesOf(tenant), change.override));
    case 'lift_override':
      return withOverrides(tenant, withoutEntry(overridesOf(tenant), change.id));
  }
}

/** How many overrides are listed for a tenant, those that have ended among them. */
export function countOverrides(tenant: TenantControl): number {
  return OVERRIDES.get(tenant)?.size ?? tenant.overrides?.length ?? 0;
}

function partsOf(shared: SharedControl): SharedParts {
  const parts = SHARED_PARTS.get(shared);
  if (parts !== undefined) return parts;
  // A state of the whole log has a position and tenants too.
  const { models, kills, modeCaps, confidenceFloors, calibrations } = shared;
  return { models, kills, modeCaps, confidenceFloors, calibrations };
}

function stateOf<T extends object>(parts: SharedParts, rest: T): SharedControl & T {
  const { models, kills, modeCaps, confidenceFloors, calibrations } = parts;
  const isWritten = ![kills, modeCaps, confidenceFloors].some((list) => list instanceof EntryList);
  if (isWritten) return { ...(parts as SharedControl), ...rest };
  // Own accessors, so that a copy by spread or by destructuring has the arrays.
  const state = {
    models,
    get kills() {
      return arrayOf(kills);
    },
    get modeCaps() {
      return arrayOf(modeCaps);
    },
    get confidenceFloors() {
      return arrayOf(confidenceFloors);
    },
    calibrations,
  };
  SHARED_PARTS.set(state, parts);
  return Object.assign(state, rest);
}

function tenantOf(former: TenantControl, changed: Omit<TenantControl, 'overrides'>): TenantControl {
  const list = OVERRIDES.get(former);
  if (list !== undefined) return withOverrides(changed, list);
  const { overrides } = former;
  return overrides === undefined ? changed : { ...changed, overrides };
}

function withOverrides(
  { consents, users, mode, bands }: Omit<TenantControl, 'overrides'>,
  list: Entries<Override>,
): TenantControl {
  if (!(list instanceof EntryList)) return { consents, users, mode, bands, overrides: list };
  const tenant = {
    consents,
    users,
    mode,
    bands,
    get overrides() {
      return list.array;
    },
  };
  OVERRIDES.set(tenant, list);
  return tenant;
}

function overridesOf(tenant: TenantControl): Entries<Override> {
  return OVERRIDES.get(tenant) ?? tenant.overrides ?? [];
}

/**
 * What one tenant's decisions are made from.
 *
 * @param now the recording clock, in ms since 1970, or what is known of it: overrides that have ended are left out
 */
export function viewOf(state: ControlState, tenantId: string | undefined, now: ClockRange | number): ControlView {
  const { models, kills, modeCaps, confidenceFloors, calibrations } = state;
  const tenant = withoutEnded((tenantId === undefined ? undefined : state.tenants.get(tenantId)) ?? EMPTY_TENANT, now);
  return { revision: String(state.position), models, kills, modeCaps, confidenceFloors, calibrations, tenant };
}
