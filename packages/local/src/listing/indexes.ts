import type { Listed } from "./key-lists.js";
import { ListIndex } from "./list-index.js";

/**
 * Indexes by the Map, Set or record that has the items. An index is made when its list is first asked for, and follows
 * every change from then on. It is derived, so the stored state has none, and a restored state begins without.
 *
 * Indexes are for queries. A command takes what it changes from the Map: a snapshot that is being written follows that.
 */
const indexes = new WeakMap<object, ListIndex<Listed>>();

/** Returns the index of `owner`; makes it of `items` if there is none. */
export function indexOf<T extends Listed>(owner: object, items: () => Iterable<T>): ListIndex<T> {
  const index = builtIndexOf<T>(owner) ?? new ListIndex(items());
  indexes.set(owner, index as unknown as ListIndex<Listed>);
  return index;
}

/** Returns the index of `owner`, if a list has asked for it. Whatever changes the items must change it too. */
export function builtIndexOf<T extends Listed>(owner: object): ListIndex<T> | undefined {
  return indexes.get(owner) as ListIndex<T> | undefined;
}

/** Returns the values of a Map that only `put` and `remove` change. */
export function listOf<T extends Listed>(map: ReadonlyMap<string, T>): ListIndex<T> {
  return indexOf(map, () => valuesToRead(map));
}

/**
 * Returns the values of a Map for a query. They are those of any Map: a WatchedMap would tell its watcher of each, which
 * for a million takes as long again.
 */
export function valuesToRead<T>(map: ReadonlyMap<string, T>): MapIterator<T> {
  return Map.prototype.values.call(map);
}

/** Sets the value of a key, in place of the one before. */
export function put<T extends Listed>(map: ReadonlyMap<string, T>, key: string, item: T): void {
  const index = builtIndexOf<T>(map);
  const before = map.get(key);
  if (before !== undefined) index?.delete(before);
  (map as Map<string, T>).set(key, item);
  index?.add(item);
}

/** Removes a key with its value, if the Map has it. */
export function remove<T extends Listed>(map: ReadonlyMap<string, T>, key: string): void {
  const item = map.get(key);
  if (item === undefined) return;
  builtIndexOf<T>(map)?.delete(item); // first, because its keys can depend on what is in the Map
  (map as Map<string, T>).delete(key);
}

/** Changes a value of a Map in place. Use it for members that lists are filtered by, see `ListIndex`. */
export function change<T extends Listed>(map: ReadonlyMap<string, T>, item: T, apply: () => void): void {
  const index = builtIndexOf<T>(map);
  index?.removeKeys(item);
  apply();
  index?.addKeys(item);
}

/** Adds a name to a Set that has the names of items, and the item to the list of those. */
export function addName<T extends Listed>(names: ReadonlySet<string>, name: string, item: T): void {
  if (names.has(name)) return;
  (names as Set<string>).add(name);
  builtIndexOf<T>(names)?.add(item);
}

/** Removes a name from a Set that has the names of items, and the item from the list of those. */
export function removeName<T extends Listed>(names: ReadonlySet<string>, name: string, item: T): void {
  if (!names.has(name)) return;
  (names as Set<string>).delete(name);
  builtIndexOf<T>(names)?.delete(item);
}
