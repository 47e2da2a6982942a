import { put, without } from './versioned-map.js';

interface Placed<T> {
  readonly order: number;
  readonly entry: T;
}

const LISTS = new WeakMap<readonly unknown[], unknown>();

/** Up to this length an array is copied at each change. */
const MAX_COPIED = 32;

/** Entries in the order of their last changes, one for each id: an array as long as it is short. */
export type Entries<T extends { readonly id: string }> = readonly T[] | EntryList<T>;

/** The entries with one more, behind all others; another entry of the same id goes. */
export function withEntry<T extends { readonly id: string }>(entries: Entries<T>, entry: T): Entries<T> {
  if (entries instanceof EntryList) return entries.with(entry);
  if (entries.length >= MAX_COPIED) return EntryList.of(entries).with(entry);
  return [...entries.filter(({ id }) => id !== entry.id), entry];
}

/** The entries without one; the same ones where there is no such entry. */
export function withoutEntry<T extends { readonly id: string }>(entries: Entries<T>, id: string): Entries<T> {
  if (entries instanceof EntryList) return entries.without(id);
  if (entries.length > MAX_COPIED) return EntryList.of(entries).without(id);
  return entries.some((entry) => entry.id === id) ? entries.filter((entry) => entry.id !== id) : entries;
}

export function arrayOf<T extends { readonly id: string }>(entries: Entries<T>): readonly T[] {
  return entries instanceof EntryList ? entries.array : entries;
}

/**
 * Entries in the order of their last changes, one for each id. A list never changes; the next one takes constant time. The
 * array is written out when it is first read.
 */
export class EntryList<T extends { readonly id: string }> {
  readonly #entries: ReadonlyMap<string, Placed<T>>;
  readonly #nextOrder: number;
  #array: readonly T[] | undefined;

  private constructor(entries: ReadonlyMap<string, Placed<T>>, nextOrder: number) {
    this.#entries = entries;
    this.#nextOrder = nextOrder;
  }

  /** The list of an array; constant time where the array was written out by a list. */
  static of<T extends { readonly id: string }>(array: readonly T[]): EntryList<T> {
    const known = LISTS.get(array) as EntryList<T> | undefined;
    return known ?? new EntryList(new Map(array.map((entry, order) => [entry.id, { order, entry }])), array.length);
  }

  get size(): number {
    return this.#entries.size;
  }

  get array(): readonly T[] {
    if (this.#array === undefined) {
      const placed = [...this.#entries.values()].sort((one, other) => one.order - other.order);
      this.#array = placed.map(({ entry }) => entry);
      LISTS.set(this.#array, this);
    }
    return this.#array;
  }

  /** With an entry, behind all others; another entry of the same id goes. */
  with(entry: T): EntryList<T> {
    // Removed first, so that the order of the map stays that of the list.
    const others = without(this.#entries, entry.id);
    return new EntryList(put(others, entry.id, { order: this.#nextOrder, entry }), this.#nextOrder + 1);
  }

  without(id: string): EntryList<T> {
    return this.#entries.has(id) ? new EntryList(without(this.#entries, id), this.#nextOrder) : this;
  }
}
