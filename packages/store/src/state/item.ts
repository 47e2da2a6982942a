import { type ControlChange, type JsonValue, readRecordedChange, type Scope } from '@rampart/core';
import type { ItemKind } from '../api/control-items.js';
import { canonical } from '../log/canonical.js';
import { type ColumnValues, ITEM_TYPES, type ItemType } from './item-types.js';

/** One row of the state. */
export interface Item {
  readonly kind: ItemKind;
  readonly keys: Readonly<Record<string, string>>;
  /** All null: a tombstone. */
  readonly values: ColumnValues;
}

export const ITEM_KINDS: readonly ItemKind[] = Object.keys(ITEM_TYPES) as ItemKind[];

/** Changes that remove an item, by the kind of item. */
const REMOVALS = { lift_override: 'override', revive: 'kill', lift_cap: 'cap', lift_floor: 'floor' } as const;

type RecordingChange = Extract<ControlChange, { readonly kind: ItemKind }>;
type AnyItemType = ItemType<RecordingChange>;

/** The descriptor of a kind of item. */
export function itemType(kind: ItemKind): AnyItemType {
  // Each descriptor takes the changes of its own kind alone.
  return ITEM_TYPES[kind] as AnyItemType;
}

function isRecording(change: ControlChange): change is RecordingChange {
  return Object.hasOwn(ITEM_TYPES, change.kind);
}

/** Identifies an item in messages and maps. */
export function itemName(kind: ItemKind, keys: Readonly<Record<string, unknown>>): string {
  return canonical([kind, ...itemType(kind).keys.map((name) => keys[name])]);
}

/** The row that a change writes. */
export function itemOf(change: ControlChange): Item {
  if (isRecording(change)) {
    const { kind } = change;
    return { kind, keys: itemType(kind).toKeys(change), values: itemType(kind).toValues(change) };
  }
  const kind = REMOVALS[change.kind];
  const keys = { ...('tenant' in change && { tenant_id: change.tenant }), id: change.id };
  return { kind, keys, values: Object.fromEntries(itemType(kind).columns.map((column) => [column, null])) };
}

/** Whether the row is no tombstone. A preference without values is an item too. */
export function isPresent({ kind, values }: Pick<Item, 'kind' | 'values'>): boolean {
  return kind === 'preference' || values[itemType(kind).columns[0] ?? ''] !== null;
}

/**
 * The change that would write the row; undefined for a tombstone. Unknown values become those that open least, as in
 * {@link readRecordedChange}.
 */
export function changeOf(item: Item): ControlChange | undefined {
  return readRecordedChange(writtenChange(item));
}

/** The change that would write the row, with the values as they are stored. */
export function writtenChange(item: Item): unknown {
  if (!isPresent(item)) return undefined;
  const { kind, keys } = item;
  const [tenant, featureClass] = [keys['tenant_id'], keys['feature_class']];
  return {
    kind,
    ...(tenant !== undefined && { tenant }),
    ...(featureClass !== undefined && { featureClass }),
    ...itemType(kind).toFields(item),
  };
}

/** The value of an item for people and the audit trail; null without an item. */
export function resultingState(change: ControlChange | undefined): JsonValue {
  return change !== undefined && isRecording(change) ? (itemType(change.kind).toState(change) ?? null) : null;
}

/** Whether two rows of one item have the same values. */
export function sameValues(one: ColumnValues, other: ColumnValues): boolean {
  return canonical(one) === canonical(other);
}

/** Whether a change can only restrict AI, so that its writer need not have read the current state. */
export function isNarrowing(before: ControlChange, change: ControlChange): boolean {
  return isRecording(change) && before.kind === change.kind && itemType(change.kind).isNarrowing(before, change);
}

/** The feature or change that a change is about. */
export function flagOf(change: ControlChange | undefined): string | undefined {
  if (change === undefined || !isRecording(change)) return undefined;
  const scope = scopeOf(change);
  return itemType(change.kind).flag?.(change) ?? scope?.change ?? scope?.feature;
}

/** The scope of a kill, cap or floor. */
export function scopeOf(change: ControlChange | undefined): Scope | undefined {
  return change !== undefined && isRecording(change) ? itemType(change.kind).scope?.(change) : undefined;
}

/** The value columns of a row. */
export function valuesOf(kind: ItemKind, row: Readonly<Record<string, unknown>>): ColumnValues {
  return Object.fromEntries(itemType(kind).columns.map((column) => [column, row[column] ?? null])) as ColumnValues;
}
