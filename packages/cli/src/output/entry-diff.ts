import type { JsonValue } from '@rampart/core';
import { oneLine } from './table.js';

type JsonObject = Readonly<Record<string, JsonValue>>;

/** Longest value that is shown whole, in characters. */
const MAX_VALUE = 200;
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
  const names = [...new Set([...one.keys(), ...other.keys()])];
  const changes = names.flatMap((name) => changeOf(name, one.get(name), other.get(name)));
  return changes.length === 0 ? 'nothing changed' : changes.join(', ');
}

function changeOf(name: string, before: JsonValue | undefined, after: JsonValue | undefined): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const named = name === '' ? '' : `${oneLine(name)} `;
  if (Array.isArray(before) && Array.isArray(after)) {
    const parts = [
      ...without(before, after).map((entry) => `− ${shown(entry)}`),
      ...without(after, before).map((entry) => `+ ${shown(entry)}`),
    ];
    if (parts.length > 0) return [`${named}${parts.join(' ')}`];
  }
  return [`${named}${shown(before, name)} → ${shown(after, name)}`];
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

function shown(value: JsonValue | undefined, name = ''): string {
  if (value === undefined || value === null) return 'nothing';
  if (value === '') return '""';
  if (typeof value === 'number' && MOMENTS.includes(name.split('.').at(-1) ?? '')) return new Date(value).toISOString();
  const text = oneLine(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
