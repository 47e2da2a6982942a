import type { JsonValue } from '@rampart/core';
import { oneLine } from './table.js';

type JsonObject = Readonly<Record<string, JsonValue>>;

/** Longest value that is shown whole, in characters. */
const MAX_VALUE = 200;
/** Characters that are shown before the first difference of two long values. */
const CONTEXT = 20;
/** Objects whose members are shown without the object's name: parameters are known by their own. */
const TRANSPARENT = ['parameters'];
/** Members that are moments, in ms since 1970. */
const MOMENTS = ['until', 'at', 'createdAt', 'updatedAt'];

/**
 * What differs between two JSON values, in words: `stage tier → ga, rollout 25 → 100`. A value that appears or disappears is shown
 * whole: `nothing → state opt_in, version 3`.
 *
 * @param hidden names of members that the caller shows elsewhere
 */
export function renderDiff(before: JsonValue = null, after: JsonValue = null, hidden: readonly string[] = []): string {
  if (before === null && after === null) return 'no change is noted';
  if (before === null || after === null) return `${shownWhole(before, hidden)} → ${shownWhole(after, hidden)}`;
  const [one, other] = [leavesOf(before, hidden), leavesOf(after, hidden)];
  const changes = leafChanges(one, other);
  return changes.length === 0 ? 'nothing changed' : changes.join(', ');
}

function changeOf(name: string, before: JsonValue | undefined, after: JsonValue | undefined): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const named = name === '' ? '' : `${oneLine(name)} `;
  const lists = listsOf(before, after);
  if (lists !== undefined) {
    const [removed, added] = [without(lists.before, lists.after), without(lists.after, lists.before)];
    const [one, other] = [removed[0], added[0]];
    if (
      removed.length === 1 &&
      added.length === 1 &&
      isObject(one) &&
      isObject(other) &&
      (isLong(one) || isLong(other))
    )
      return leafChanges(leavesOf(one, [], name), leavesOf(other, [], name));
    const parts = [...removed.map((entry) => `− ${shown(entry)}`), ...added.map((entry) => `+ ${shown(entry)}`)];
    if (parts.length > 0) return [`${named}${parts.join(' ')}`];
  }
  const same = sameStart(before, after);
  return [`${named}${shown(before, name, same)} → ${shown(after, name, same)}`];
}

function leafChanges(before: ReadonlyMap<string, JsonValue>, after: ReadonlyMap<string, JsonValue>): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.flatMap((name) => changeOf(name, before.get(name), after.get(name)));
}

/** Two lists, or two texts of comma-separated entries that are too long to be shown whole; undefined for other values. */
function listsOf(before: JsonValue | undefined, after: JsonValue | undefined) {
  if (Array.isArray(before) && Array.isArray(after)) return { before, after };
  if (typeof before !== 'string' || typeof after !== 'string' || !(isLong(before) || isLong(after))) return undefined;
  if (!before.includes(',') && !after.includes(',')) return undefined;
  return { before: entriesOf(before), after: entriesOf(after) };
}

const entriesOf = (text: string): readonly string[] =>
  text === '' ? [] : text.split(',').map((entry) => entry.trim());

const isLong = (value: JsonValue): boolean => textOf(value).length > MAX_VALUE;

/** How many characters at the start of two long texts are left out, since both have them. */
function sameStart(before: JsonValue = '', after: JsonValue = ''): number {
  const [one, other] = [textOf(before), textOf(after)];
  if (Math.max(one.length, other.length) <= MAX_VALUE) return 0;
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  return Math.max(0, same - CONTEXT);
}

/** The entries of a list that another one lacks. */
function without(list: readonly JsonValue[], other: readonly JsonValue[]): readonly JsonValue[] {
  const texts = new Set(other.map((entry) => JSON.stringify(entry)));
  return list.filter((entry) => !texts.has(JSON.stringify(entry)));
}

function shownWhole(value: JsonValue, hidden: readonly string[]): string {
  if (value === null) return 'nothing';
  const parts = [...leavesOf(value, hidden)].map(
    ([name, leaf]) => `${name === '' ? '' : `${oneLine(name)} `}${shown(leaf, name)}`,
  );
  return parts.length === 0 ? 'set' : parts.join(', ');
}

/** Every value that is no object, by its path. Empty objects have no leaves. */
function leavesOf(value: JsonValue, hidden: readonly string[], path = ''): ReadonlyMap<string, JsonValue> {
  if (!isObject(value)) return new Map([[path, value]]);
  const members = Object.entries(value).filter(([name]) => path !== '' || !hidden.includes(name));
  return new Map(
    members.flatMap(([name, member]) => {
      const within = TRANSPARENT.includes(name) && isObject(member) ? '' : name;
      const next = [path, within].filter((part) => part !== '').join('.');
      return [...leavesOf(member, next === '' ? [] : hidden, next)];
    }),
  );
}

/** @param from the first character that is shown */
function shown(value: JsonValue | undefined, name = '', from = 0): string {
  if (value === undefined || value === null) return 'nothing';
  if (value === '') return '""';
  if (typeof value === 'number' && MOMENTS.includes(name.split('.').at(-1) ?? '')) return new Date(value).toISOString();
  const text = `${from > 0 ? '…' : ''}${oneLine(textOf(value).slice(from))}`;
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

const textOf = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value));

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
