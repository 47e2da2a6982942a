/** How a version differs from the next newer one. */
interface Undo<K, V> {
  readonly key: K;
  readonly had: boolean;
  readonly value: V | undefined;
  readonly next: VersionedMap<K, V>;
}

/** A version that lies further behind than this many changes gets a copy of its own when it is read. */
const MAX_STEPS_BEHIND = 32;

/**
 * A map whose versions never change and share one table: a change of the newest version takes constant time, where a copy
 * of a plain map takes time in proportion to its size. Older versions remember what the changes after them replaced
 * (H. Baker, "Shallow binding makes functional arrays fast", 1991). Iteration follows the order of a plain map in the
 * newest version only.
 */
export class VersionedMap<K, V> implements ReadonlyMap<K, V> {
  #table: Map<K, V>;
  readonly #size: number;
  /** Undefined in the newest version. */
  #undo: Undo<K, V> | undefined;

  private constructor(table: Map<K, V>) {
    this.#table = table;
    this.#size = table.size;
  }

  /** Copies the entries: a table that others could change is never shared. */
  static from<K, V>(entries: Iterable<readonly [K, V]>): VersionedMap<K, V> {
    return new VersionedMap(new Map(entries));
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    const place = this.#placeOf(key);
    return place instanceof Map ? place.get(key) : place.value;
  }

  has(key: K): boolean {
    const place = this.#placeOf(key);
    return place instanceof Map ? place.has(key) : place.had;
  }

  /** The next version, with this entry. */
  with(key: K, value: V): VersionedMap<K, V> {
    return this.#next(key, (table) => table.set(key, value));
  }

  /** The next version, without this entry. */
  without(key: K): VersionedMap<K, V> {
    return this.has(key) ? this.#next(key, (table) => table.delete(key)) : this;
  }

  // The entries of now: a later version must not appear in an iteration under way.
  entries(): MapIterator<[K, V]> {
    return [...this.#ownTable()].values();
  }

  keys(): MapIterator<K> {
    return [...this.#ownTable().keys()].values();
  }

  values(): MapIterator<V> {
    return [...this.#ownTable().values()].values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  #next(key: K, change: (table: Map<K, V>) => void): VersionedMap<K, V> {
    const table = this.#ownTable();
    const [had, value] = [table.has(key), table.get(key)];
    change(table);
    const next = new VersionedMap(table);
    this.#undo = { key, had, value, next };
    return next;
  }

  /** What the first later change of the key replaced; where there is none, the table of the newest version. */
  #placeOf(key: K): Undo<K, V> | Map<K, V> {
    let undo = this.#undo;
    let table = this.#table;
    for (let steps = 0; undo !== undefined; steps += 1) {
      if (undo.key === key) return undo;
      if (steps === MAX_STEPS_BEHIND) return this.#ownTable();
      table = undo.next.#table;
      undo = undo.next.#undo;
    }
    return table;
  }

  /** The table with the content of this version; an older version leaves the shared one. */
  #ownTable(): Map<K, V> {
    if (this.#undo === undefined) return this.#table;
    const undone: Undo<K, V>[] = [];
    let newest = this.#table;
    for (let undo: Undo<K, V> | undefined = this.#undo; undo !== undefined; undo = undo.next.#undo) {
      undone.push(undo);
      newest = undo.next.#table;
    }
    const table = new Map(newest);
    for (const { key, had, value } of undone.toReversed()) {
      if (had) table.set(key, value as V);
      else table.delete(key);
    }
    this.#table = table;
    this.#undo = undefined;
    return table;
  }
}

/** Up to this size a copy is cheap, and a plain map is smaller. */
const MAX_COPIED = 32;

/** The map with one more entry; the one before stays as it was. Constant time, but for the first change of a large plain map. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  if (map instanceof VersionedMap) return map.with(key, value);
  return map.size < MAX_COPIED ? new Map(map).set(key, value) : VersionedMap.from(map).with(key, value);
}

/** The map without one entry; the one before stays as it was. */
export function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (map instanceof VersionedMap) return map.without(key);
  if (!map.has(key)) return map;
  if (map.size > MAX_COPIED) return VersionedMap.from(map).without(key);
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
