import {
  type ConfidenceFloor,
  type Consent,
  type ControlView,
  EMPTY_TENANT,
  type Kill,
  type ModeCap,
  type Override,
  type SharedControl,
  type TenantControl,
  type UserChoice,
  withoutEnded,
} from './control.js';
import type { Bands, Mode } from './modes.js';
import type { ConsentModel } from './parameters.js';

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
  | { readonly kind: 'model'; readonly featureClass: string; readonly model: ConsentModel }
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

/** The state after one more change: a pure fold, position by position. */
export function applyControl(state: ControlState, change: ControlChange): ControlState {
  const position = state.position + 1;
  if (!isTenantChange(change)) return { ...applyShared(state, change), position, tenants: state.tenants };
  const tenant = applyTenant(state.tenants.get(change.tenant) ?? EMPTY_TENANT, change);
  return { ...state, position, tenants: put(state.tenants, change.tenant, tenant) };
}

/** Whether a change is about one tenant alone. */
export function isTenantChange(change: ControlChange): change is TenantChange {
  return 'tenant' in change;
}

/** What is no tenant's own, after one more change. */
export function applyShared(
  { models, kills, modeCaps, confidenceFloors, calibrations }: SharedControl,
  change: SharedChange,
): SharedControl {
  const shared = { models, kills, modeCaps, confidenceFloors, calibrations };
  switch (change.kind) {
    case 'model':
      return { ...shared, models: put(models, change.featureClass, change.model) };
    case 'kill':
      return { ...shared, kills: replaced(kills, change.kill) };
    case 'revive':
      return { ...shared, kills: without(kills, change.id) };
    case 'cap':
      return { ...shared, modeCaps: replaced(modeCaps, change.cap) };
    case 'lift_cap':
      return { ...shared, modeCaps: without(modeCaps, change.id) };
    case 'floor':
      return { ...shared, confidenceFloors: replaced(confidenceFloors, change.floor) };
    case 'lift_floor':
      return { ...shared, confidenceFloors: without(confidenceFloors, change.id) };
    case 'calibration':
      return { ...shared, calibrations: put(calibrations, change.change, change.error) };
  }
}

/** What is recorded about a tenant, after one more change of it. */
export function applyTenant(tenant: TenantControl, change: TenantChange): TenantControl {
  switch (change.kind) {
    case 'consent':
      return { ...tenant, consents: put(tenant.consents, change.featureClass, change.consent) };
    case 'choice':
      return { ...tenant, users: withChoice(tenant.users, change) };
    case 'preference':
      return { ...tenant, mode: change.mode, bands: change.bands };
    case 'override':
      return { ...tenant, overrides: replaced(tenant.overrides ?? [], change.override) };
    case 'lift_override':
      return { ...tenant, overrides: without(tenant.overrides ?? [], change.id) };
  }
}

/**
 * What one tenant's decisions are made from.
 *
 * @param now the recording clock, in ms since 1970: overrides that have ended by then are left out
 */
export function viewOf(state: ControlState, tenantId: string | undefined, now: number): ControlView {
  const { models, kills, modeCaps, confidenceFloors, calibrations } = state;
  const tenant = withoutEnded((tenantId === undefined ? undefined : state.tenants.get(tenantId)) ?? EMPTY_TENANT, now);
  return { revision: String(state.position), models, kills, modeCaps, confidenceFloors, calibrations, tenant };
}

function withChoice(
  users: TenantControl['users'],
  { user, featureClass, choice }: Extract<TenantChange, { kind: 'choice' }>,
): TenantControl['users'] {
  const choices = new Map(users.get(user));
  if (choice === undefined) choices.delete(featureClass);
  else choices.set(featureClass, choice);
  if (choices.size > 0) return put(users, user, choices);
  const rest = new Map(users);
  rest.delete(user);
  return rest;
}

function put<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function replaced<T extends { readonly id: string }>(entries: readonly T[], entry: T): readonly T[] {
  return [...without(entries, entry.id), entry];
}

function without<T extends { readonly id: string }>(entries: readonly T[], id: string): readonly T[] {
  return entries.filter((entry) => entry.id !== id);
}
