import {
  type ConfidenceFloor,
  type Consent,
  type ControlView,
  EMPTY_TENANT,
  type Kill,
  type ModeCap,
  type TenantControl,
  type UserChoice,
} from './control.js';
import type { Bands, Mode } from './modes.js';
import type { ConsentModel } from './parameters.js';

/** One change of the control state. Expand-only union: every kind says all it needs. */
export type ControlChange =
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
  | { readonly kind: 'model'; readonly featureClass: string; readonly model: ConsentModel }
  | { readonly kind: 'kill'; readonly kill: Kill }
  | { readonly kind: 'revive'; readonly id: string }
  | { readonly kind: 'cap'; readonly cap: ModeCap }
  | { readonly kind: 'lift_cap'; readonly id: string }
  | { readonly kind: 'floor'; readonly floor: ConfidenceFloor }
  | { readonly kind: 'lift_floor'; readonly id: string }
  | { readonly kind: 'calibration'; readonly change: string; readonly error: number };

/** Everything recorded, at one position. */
export interface ControlState extends Omit<ControlView, 'revision' | 'tenant'> {
  readonly position: number;
  readonly tenants: ReadonlyMap<string, TenantControl>;
}

export const EMPTY_CONTROL: ControlState = Object.freeze({
  position: 0,
  models: new Map(),
  kills: [],
  modeCaps: [],
  confidenceFloors: [],
  calibrations: new Map(),
  tenants: new Map(),
});

/** The state after one more change: a pure fold, position by position. */
export function applyControl(state: ControlState, change: ControlChange): ControlState {
  const next = { ...state, position: state.position + 1 };
  switch (change.kind) {
    case 'consent':
    case 'choice':
    case 'preference':
      return {
        ...next,
        tenants: put(
          state.tenants,
          change.tenant,
          applyTenant(state.tenants.get(change.tenant) ?? EMPTY_TENANT, change),
        ),
      };
    case 'model':
      return { ...next, models: put(state.models, change.featureClass, change.model) };
    case 'kill':
      return { ...next, kills: [...without(state.kills, change.kill.id), change.kill] };
    case 'revive':
      return { ...next, kills: without(state.kills, change.id) };
    case 'cap':
      return { ...next, modeCaps: [...without(state.modeCaps, change.cap.id), change.cap] };
    case 'lift_cap':
      return { ...next, modeCaps: without(state.modeCaps, change.id) };
    case 'floor':
      return { ...next, confidenceFloors: [...without(state.confidenceFloors, change.floor.id), change.floor] };
    case 'lift_floor':
      return { ...next, confidenceFloors: without(state.confidenceFloors, change.id) };
    case 'calibration':
      return { ...next, calibrations: put(state.calibrations, change.change, change.error) };
  }
}

/** What one tenant's decisions are made from. */
export function viewOf(state: ControlState, tenantId: string | undefined): ControlView {
  const { models, kills, modeCaps, confidenceFloors, calibrations } = state;
  const tenant = (tenantId === undefined ? undefined : state.tenants.get(tenantId)) ?? EMPTY_TENANT;
  return { revision: String(state.position), models, kills, modeCaps, confidenceFloors, calibrations, tenant };
}

type TenantChange = Extract<ControlChange, { readonly tenant: string }>;

function applyTenant(tenant: TenantControl, change: TenantChange): TenantControl {
  switch (change.kind) {
    case 'consent':
      return { ...tenant, consents: put(tenant.consents, change.featureClass, change.consent) };
    case 'choice': {
      const choices = new Map(tenant.users.get(change.user));
      if (change.choice === undefined) choices.delete(change.featureClass);
      else choices.set(change.featureClass, change.choice);
      return { ...tenant, users: put(tenant.users, change.user, choices) };
    }
    case 'preference':
      return { ...tenant, mode: change.mode, bands: change.bands };
  }
}

function put<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function without<T extends { readonly id: string }>(entries: readonly T[], id: string): readonly T[] {
  return entries.filter((entry) => entry.id !== id);
}
