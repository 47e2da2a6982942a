import type { ControlChange, JsonValue, Scope } from '@rampart/core';
import type { ItemKind } from '../api/control-items.js';
import { canonical } from '../log/canonical.js';
import { CHOICE_LIMIT, CONSENT_LIMIT, type ItemLimit, OVERRIDE_LIMIT } from './limits.js';
import {
  areAtLeastBands,
  isAtLeastAsStrict,
  isAtMostMode,
  isMoreRestrictive,
  isSaferPreference,
  scopeCovers,
} from './narrowing.js';

/** A stored column value. */
export type ColumnValue = string | number | null;
export type ColumnValues = Readonly<Record<string, ColumnValue>>;
type Keys = Readonly<Record<string, string>>;

/** Everything that differs between kinds of item. A row stays after its item is removed, so that its last entry stays known. */
export interface ItemType<C extends ControlChange> {
  readonly table: string;
  readonly keys: readonly string[];
  /** Value columns. The first one is null in a tombstone. */
  readonly columns: readonly string[];
  toKeys(change: C): Keys;
  toValues(change: C): ColumnValues;
  /** Fields of the change beside kind, tenant and feature class, as they are stored. */
  toFields(row: { readonly keys: Keys; readonly values: ColumnValues }): object;
  /** The value for people. */
  toState(change: C): JsonValue | undefined;
  /** Whether replacing `before` by the change can only restrict AI. */
  isNarrowing(before: C, change: C): boolean;
  readonly flag?: (change: C) => string | undefined;
  readonly scope?: (change: C) => Scope;
  readonly limit?: ItemLimit;
}

type ChangeOfKind<K extends ItemKind> = Extract<ControlChange, { readonly kind: K }>;

const byId = (id: string): Keys => ({ id });
const json = (value: unknown): JsonValue => value as JsonValue;

export const ITEM_TYPES: { readonly [K in ItemKind]: ItemType<ChangeOfKind<K>> } = {
  consent: {
    table: 'tenant_ai_consents',
    keys: ['tenant_id', 'feature_class'],
    columns: ['state', 'version'],
    toKeys: ({ tenant, featureClass }) => ({ tenant_id: tenant, feature_class: featureClass }),
    toValues: ({ consent }) => ({ state: consent.state ?? '', version: consent.version ?? null }),
    toFields: ({ values: { state, version } }) => ({
      consent: { state: String(state), ...(version !== null && { version: Number(version) }) },
    }),
    toState: ({ consent }) => json(consent),
    isNarrowing: (_before, { consent }) => consent.state === 'opt_out',
    limit: CONSENT_LIMIT,
  },
  choice: {
    table: 'rampart_user_choice',
    keys: ['tenant_id', 'user_id', 'feature_class'],
    columns: ['choice'],
    toKeys: ({ tenant, user, featureClass }) => ({ tenant_id: tenant, user_id: user, feature_class: featureClass }),
    toValues: ({ choice }) => ({ choice: choice ?? null }),
    toFields: ({ keys, values }) => ({ user: keys['user_id'], choice: String(values['choice']) }),
    toState: ({ choice }) => choice,
    isNarrowing: (_before, { choice }) => choice === 'opt_out',
    limit: CHOICE_LIMIT,
  },
  preference: {
    table: 'rampart_preference',
    keys: ['tenant_id'],
    columns: ['mode', 'bands'],
    toKeys: ({ tenant }) => ({ tenant_id: tenant }),
    toValues: ({ mode, bands }) => ({ mode: mode ?? null, bands: bands === undefined ? null : canonical(bands) }),
    toFields: ({ values: { mode, bands } }) => ({
      ...(mode !== null && { mode: String(mode) }),
      ...(bands !== null && { bands: parseJson(bands) }),
    }),
    toState: ({ mode, bands }) => json({ ...(mode !== undefined && { mode }), ...(bands !== undefined && { bands }) }),
    isNarrowing: isSaferPreference,
  },
  override: {
    table: 'rampart_override',
    keys: ['tenant_id', 'id'],
    columns: ['flag', 'forced', 'reason', 'ends_at'],
    toKeys: ({ tenant, override }) => ({ tenant_id: tenant, id: override.id }),
    toValues: ({ override: { flag, force, reason, until } }) => ({ flag, forced: force, reason, ends_at: until }),
    toFields: ({ keys, values: { flag, forced, reason, ends_at: until } }) => ({
      override: {
        id: keys['id'],
        flag: String(flag),
        force: String(forced),
        reason: String(reason),
        until: Number(until),
      },
    }),
    toState: ({ override }) => json(override),
    isNarrowing: (before, change) => isMoreRestrictive(before.override, change.override),
    flag: ({ override }) => override.flag,
    limit: OVERRIDE_LIMIT,
  },
  model: {
    table: 'rampart_consent_model',
    keys: ['feature_class'],
    columns: ['model'],
    toKeys: ({ featureClass }) => ({ feature_class: featureClass }),
    toValues: ({ model }) => ({ model }),
    toFields: ({ values }) => ({ model: String(values['model']) }),
    toState: ({ model }) => model,
    isNarrowing: (before, change) => isAtLeastAsStrict(change.model, before.model),
  },
  kill: {
    table: 'rampart_kill',
    keys: ['id'],
    columns: ['scope', 'reason'],
    toKeys: ({ kill }) => byId(kill.id),
    toValues: ({ kill: { scope, reason } }) => ({ scope: canonical(scope), reason }),
    toFields: ({ keys, values: { scope, reason } }) => ({
      kill: { id: keys['id'], scope: parseJson(scope), reason: String(reason) },
    }),
    toState: ({ kill }) => json(kill),
    isNarrowing: (before, change) => scopeCovers(change.kill.scope, before.kill.scope),
    scope: ({ kill }) => kill.scope,
  },
  cap: {
    table: 'rampart_mode_cap',
    keys: ['id'],
    columns: ['scope', 'mode'],
    toKeys: ({ cap }) => byId(cap.id),
    toValues: ({ cap: { scope, mode } }) => ({ scope: canonical(scope), mode }),
    toFields: ({ keys, values: { scope, mode } }) => ({
      cap: { id: keys['id'], scope: parseJson(scope), mode: String(mode) },
    }),
    toState: ({ cap }) => json(cap),
    isNarrowing: ({ cap: before }, { cap }) =>
      scopeCovers(cap.scope, before.scope) && isAtMostMode(cap.mode, before.mode),
    scope: ({ cap }) => cap.scope,
  },
  floor: {
    table: 'rampart_confidence_floor',
    keys: ['id'],
    columns: ['scope', 'bands'],
    toKeys: ({ floor }) => byId(floor.id),
    toValues: ({ floor: { scope, bands } }) => ({ scope: canonical(scope), bands: canonical(bands) }),
    toFields: ({ keys, values: { scope, bands } }) => ({
      floor: { id: keys['id'], scope: parseJson(scope), bands: parseJson(bands) },
    }),
    toState: ({ floor }) => json(floor),
    isNarrowing: ({ floor: before }, { floor }) =>
      scopeCovers(floor.scope, before.scope) && areAtLeastBands(floor.bands, before.bands),
    scope: ({ floor }) => floor.scope,
  },
  calibration: {
    table: 'rampart_calibration',
    keys: ['flag'],
    columns: ['error'],
    toKeys: ({ change }) => ({ flag: change }),
    // Text, because not every database returns a number unchanged.
    toValues: ({ error }) => ({ error: String(error) }),
    toFields: ({ keys, values }) => ({ change: keys['flag'], error: Number(values['error']) }),
    toState: ({ error }) => error,
    isNarrowing: () => false,
    flag: ({ change }) => change,
  },
};

function parseJson(value: ColumnValue | undefined): unknown {
  const text = String(value);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
