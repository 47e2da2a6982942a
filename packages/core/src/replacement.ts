import type { ChangeFlag } from './flag.js';

/** A change and the changes that it names in `replaces`. */
export type Replacement = Pick<ChangeFlag, 'name' | 'replaces'>;

/**
 * Whether a change takes over from another, directly or through other changes, which need not be on. Of two changes that take
 * over from each other (a cycle), neither does.
 *
 * @param changes all changes of the feature
 */
export function takesOverFrom(change: Replacement, other: Replacement, changes: readonly Replacement[]): boolean {
  if (change.replaces.size === 0 || !replacedBy(change, changes).has(other.name)) return false;
  return other.replaces.size === 0 || !replacedBy(other, changes).has(change.name);
}

/** The names of all changes that a change replaces, directly or through others. A change that is part of a cycle is among its own. */
export function replacedBy(change: Replacement, changes: readonly Replacement[]): ReadonlySet<string> {
  const names = new Set(change.replaces);
  // A set visits the entries that are added during the iteration too.
  for (const name of names) {
    const replaced = changes.find((other) => other.name === name);
    for (const next of replaced?.replaces ?? []) names.add(next);
  }
  return names;
}
