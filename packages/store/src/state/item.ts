import { type ControlChange, type JsonValue, readRecordedChange, type Scope, type SharedChange } from '@rampart/core';
import type { ItemKind } from '../api/control-store.js';
import { canonical } from '../log/canonical.js';

/** A column's value as it is stored. */
export type ColumnValue = string | number | null;
export type ColumnValues = Readonly<Record<string, ColumnValue>>;

/** One row of the state: what a change is about, and what it makes of it. */
export interface Item {
  readonly kind: ItemKind;
  readonly keys: Readonly<Record<string, string>>;
  /** All null: taken back, lifted, revived. */
  readonly values: ColumnValues;
}

interface ItemTable {
  readonly table: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** Where each kind of item is stored. A row stays when the item goes: who changed it last must stay known. */
export const ITEM_TABLES: Readonly<Record<ItemKind, ItemTable>> = {
  consent: { table: 'tenant_ai_consents', keys: ['tenant_id', 'feature_class'], values: ['state', 'version'] },
  choice: { table: 'rampart_user_choice', keys: ['tenant_id', 'user_id', 'feature_class'], values: ['choice'] },
  preference: { table: 'rampart_preference', keys: ['tenant_id'], values: ['mode', 'bands'] },
  override: {
    table: 'rampart_override',
    keys: ['tenant_id', 'id'],
    values: ['flag', 'forced', 'reason', 'ends_at'],
  },
  model: { table: 'rampart_consent_model', keys: ['feature_class'], values: ['model'] },
  kill: { table: 'rampart_kill', keys: ['id'], values: ['scope', 'reason'] },
  cap: { table: 'rampart_mode_cap', keys: ['id'], values: ['scope', 'mode'] },
  floor: { table: 'rampart_confidence_floor', keys: ['id'], values: ['scope', 'bands'] },
  calibration: { table: 'rampart_calibration', keys: ['flag'], values: ['error'] },
};

export const ITEM_KINDS: readonly ItemKind[] = Object.keys(ITEM_TABLES) as ItemKind[];

/** Names a row of the state. */
export function itemName(kind: ItemKind, keys: Readonly<Record<string, unknown>>): string {
  return canonical([kind, ...ITEM_TABLES[kind].keys.map((name) => keys[name])]);
}

/** The row that a change writes. */
export function itemOf(change: ControlChange): Item {
  switch (change.kind) {
    case 'consent': {
      const { tenant, featureClass, consent } = change;
      const values = { state: consent.state ?? '', version: consent.version ?? null };
      return { kind: 'consent', keys: { tenant_id: tenant, feature_class: featureClass }, values };
    }
    case 'choice': {
      const { tenant, user, featureClass, choice } = change;
      const keys = { tenant_id: tenant, user_id: user, feature_class: featureClass };
      return { kind: 'choice', keys, values: { choice: choice ?? null } };
    }
    case 'preference': {
      const { tenant, mode, bands } = change;
      const values = { mode: mode ?? null, bands: bands === undefined ? null : canonical(bands) };
      return { kind: 'preference', keys: { tenant_id: tenant }, values };
    }
    case 'override': {
      const { id, flag, force, reason, until } = change.override;
      const values = { flag, forced: force, reason, ends_at: until };
      return { kind: 'override', keys: { tenant_id: change.tenant, id }, values };
    }
    case 'lift_override':
      return tombstone('override', { tenant_id: change.tenant, id: change.id });
    default:
      return sharedItemOf(change);
  }
}

function sharedItemOf(change: SharedChange): Item {
  switch (change.kind) {
    case 'model':
      return { kind: 'model', keys: { feature_class: change.featureClass }, values: { model: change.model } };
    case 'kill': {
      const { id, scope, reason } = change.kill;
      return { kind: 'kill', keys: { id }, values: { scope: canonical(scope), reason } };
    }
    case 'cap': {
      const { id, scope, mode } = change.cap;
      return { kind: 'cap', keys: { id }, values: { scope: canonical(scope), mode } };
    }
    case 'floor': {
      const { id, scope, bands } = change.floor;
      return { kind: 'floor', keys: { id }, values: { scope: canonical(scope), bands: canonical(bands) } };
    }
    case 'calibration':
      // As text: not every database gives a number back as it got it.
      return { kind: 'calibration', keys: { flag: change.change }, values: { error: String(change.error) } };
    case 'revive':
      return tombstone('kill', { id: change.id });
    case 'lift_cap':
      return tombstone('cap', { id: change.id });
    case 'lift_floor':
      return tombstone('floor', { id: change.id });
  }
}

function tombstone(kind: ItemKind, keys: Item['keys']): Item {
  return { kind, keys, values: Object.fromEntries(ITEM_TABLES[kind].values.map((column) => [column, null])) };
}

/** Whether there is something: a preference counts even where it wants nothing. */
export function isPresent({ kind, values }: Pick<Item, 'kind' | 'values'>): boolean {
  return kind === 'preference' || values[ITEM_TABLES[kind].values[0] ?? ''] !== null;
}

/**
 * The change that would write the row; of a row that says nothing, undefined. Values that are none of the known ones become
 * those that open least, as {@link readRecordedChange} has them.
 */
export function changeOf(item: Item): ControlChange | undefined {
  return readRecordedChange(writtenChange(item));
}

/** The same with the values as they stand. */
export function writtenChange(item: Item): unknown {
  if (!isPresent(item)) return undefined;
  const { kind, keys, values } = item;
  const text = (column: string): string => String(values[column]);
  const json = (column: string): unknown => parseJson(text(column));
  const id = keys['id'];
  const [tenant, featureClass] = [keys['tenant_id'], keys['feature_class']];
  return {
    kind,
    ...(tenant !== undefined && { tenant }),
    ...(featureClass !== undefined && { featureClass }),
    ...{
      consent: () => ({
        consent: { state: text('state'), ...(values['version'] !== null && { version: Number(values['version']) }) },
      }),
      choice: () => ({ user: keys['user_id'], choice: text('choice') }),
      preference: () => ({
        ...(values['mode'] !== null && { mode: text('mode') }),
        ...(values['bands'] !== null && { bands: json('bands') }),
      }),
      override: () => ({
        override: {
          id,
          flag: text('flag'),
          force: text('forced'),
          reason: text('reason'),
          until: Number(values['ends_at']),
        },
      }),
      model: () => ({ model: text('model') }),
      kill: () => ({ kill: { id, scope: json('scope'), reason: text('reason') } }),
      cap: () => ({ cap: { id, scope: json('scope'), mode: text('mode') } }),
      floor: () => ({ floor: { id, scope: json('scope'), bands: json('bands') } }),
      calibration: () => ({ change: keys['flag'], error: Number(values['error']) }),
    }[kind](),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const VALUE_FIELDS: Readonly<Record<Exclude<ItemKind, 'preference'>, string>> = {
  consent: 'consent',
  choice: 'choice',
  override: 'override',
  model: 'model',
  kill: 'kill',
  cap: 'cap',
  floor: 'floor',
  calibration: 'error',
};

/** What people see as an item's value; null where there is nothing. */
export function resultingState(change: ControlChange | undefined): JsonValue {
  if (change === undefined) return null;
  const fields = change as unknown as Readonly<Record<string, JsonValue | undefined>>;
  if (change.kind === 'preference') {
    const { mode, bands } = fields;
    return { ...(mode !== undefined && { mode }), ...(bands !== undefined && { bands }) };
  }
  return fields[VALUE_FIELDS[change.kind as keyof typeof VALUE_FIELDS]] ?? null;
}

/** Whether two rows of one item say the same. */
export function sameValues(one: ColumnValues, other: ColumnValues): boolean {
  return canonical(one) === canonical(other);
}

/** The feature or change that a change is about. */
export function flagOf(change: ControlChange | undefined): string | undefined {
  if (change === undefined) return undefined;
  if (change.kind === 'override') return change.override.flag;
  if (change.kind === 'calibration') return change.change;
  const scope = scopeOf(change);
  return scope?.change ?? scope?.feature;
}

export function scopeOf(change: ControlChange | undefined): Scope | undefined {
  if (change?.kind === 'kill') return change.kill.scope;
  if (change?.kind === 'cap') return change.cap.scope;
  return change?.kind === 'floor' ? change.floor.scope : undefined;
}
