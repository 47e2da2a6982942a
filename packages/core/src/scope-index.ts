import { covers, type Scope } from './control.js';
import { foldFact } from './list.js';
import type { Subject } from './subject.js';

/** What is asked of an index: who asks for which flag. */
export interface Covered {
  readonly feature: string;
  readonly change: string | undefined;
  readonly subject: Subject;
}

interface Indexing<T, V> {
  /** What an entry says; `order` is its place in the list. */
  readonly read: (entry: T, order: number) => V;
  /** What two entries say together: associative, and the same in either order. */
  readonly merge: (one: V, other: V) => V;
}

const PARTS = ['feature', 'change', 'tenant', 'tier', 'region', 'label'] as const;
type Part = (typeof PARTS)[number];

/** Up to this length a list is read through. */
const MAX_SCANNED = 8;

/**
 * What the entries that cover a subject say together; undefined where none does. The time a question takes depends on how
 * many combinations of parts the scopes use, not on how many entries there are: the first question of a list makes an index.
 */
export function covering<T extends { readonly scope: Scope }, V>(
  indexing: Indexing<T, V>,
): (entries: readonly T[], asked: Covered) => V | undefined {
  const indexes = new WeakMap<readonly T[], ScopeIndex<T, V>>();
  return (entries, asked) => {
    if (entries.length <= MAX_SCANNED) return scanned(entries, asked, indexing);
    let index = indexes.get(entries);
    if (index === undefined) {
      index = new ScopeIndex(entries, indexing);
      indexes.set(entries, index);
    }
    return index.find(asked);
  };
}

function scanned<T extends { readonly scope: Scope }, V>(
  entries: readonly T[],
  { feature, change, subject }: Covered,
  { read, merge }: Indexing<T, V>,
): V | undefined {
  let merged: V | undefined;
  let order = 0;
  for (const entry of entries) {
    if (covers(entry.scope, feature, change, subject)) {
      const value = read(entry, order);
      merged = merged === undefined ? value : merge(merged, value);
    }
    order += 1;
  }
  return merged;
}

interface Indexed<V> {
  readonly scope: Scope;
  readonly value: V;
}

/** Entries whose scopes name the same parts. */
interface Group<V> {
  readonly parts: readonly Part[];
  readonly entries: Indexed<V>[];
  /** By the parts that are compared, because the subject's own are known: key of their values → what the entries say. */
  readonly tables: Map<string, ReadonlyMap<string, V>>;
}

class ScopeIndex<T extends { readonly scope: Scope }, V> {
  readonly #groups = new Map<string, Group<V>>();
  readonly #merge: (one: V, other: V) => V;

  constructor(entries: readonly T[], { read, merge }: Indexing<T, V>) {
    this.#merge = merge;
    for (const [order, entry] of entries.entries()) {
      const parts = partsOf(entry.scope);
      const name = parts.join();
      const group: Group<V> = this.#groups.get(name) ?? { parts, entries: [], tables: new Map() };
      this.#groups.set(name, group);
      group.entries.push({ scope: entry.scope, value: read(entry, order) });
    }
  }

  find(asked: Covered): V | undefined {
    let merged: V | undefined;
    for (const group of this.#groups.values()) {
      if (asked.change === undefined && group.parts.includes('change')) continue;
      for (const value of this.#valuesOf(group, asked))
        merged = merged === undefined ? value : this.#merge(merged, value);
    }
    return merged;
  }

  // A part of the subject that is unknown counts as covered: it is not compared.
  #valuesOf(group: Group<V>, asked: Covered): readonly V[] {
    const labels = group.parts.includes('label') ? asked.subject.labels : undefined;
    const facts = factsOf(asked);
    const compared = group.parts.filter((part) => (part === 'label' ? labels : facts[part]) !== undefined);
    const table = this.#tableOf(group, compared);
    return (labels ?? [undefined]).flatMap((label) => {
      const value = table.get(keyOf(compared, (part) => (part === 'label' ? label : facts[part])));
      return value === undefined ? [] : [value];
    });
  }

  #tableOf({ entries, tables }: Group<V>, compared: readonly Part[]): ReadonlyMap<string, V> {
    const name = compared.join();
    const known = tables.get(name);
    if (known !== undefined) return known;
    const table = new Map<string, V>();
    for (const { scope, value } of entries) {
      const key = keyOf(compared, (part) => comparedForm(part, scope[part]));
      const merged = table.get(key);
      table.set(key, merged === undefined ? value : this.#merge(merged, value));
    }
    tables.set(name, table);
    return table;
  }
}

// Recorded scopes keep their case; a subject's facts are folded when they are read.
function comparedForm(part: Part, value: string | undefined): string | undefined {
  const isFact = part === 'tier' || part === 'region' || part === 'label';
  return isFact && value !== undefined ? foldFact(value) : value;
}

function partsOf(scope: Scope): readonly Part[] {
  return scope.all === true ? [] : PARTS.filter((part) => scope[part] !== undefined);
}

function factsOf({ feature, change, subject }: Covered): Readonly<Record<Exclude<Part, 'label'>, string | undefined>> {
  const { tenantId: tenant, tier, region } = subject;
  return { feature, change, tenant, tier, region };
}

// With the length of each value: no two lists of values have the same key.
function keyOf(parts: readonly Part[], read: (part: Part) => string | undefined): string {
  let key = '';
  for (const part of parts) {
    const value = read(part) ?? '';
    key += `${value.length}:${value}`;
  }
  return key;
}
