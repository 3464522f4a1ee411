/** Gets told before a command may change an entry. */
export interface MapWatcher<K> {
  /** Called before the entry of `key` is added, removed or handed out. */
  beforeAccess(key: K): void;
}

/**
 * A Map whose entries `StateCapture` can write in parts while commands change them. Code reaches a value only through the
 * map, so the watcher can encode the value before code changes it in place.
 */
export class WatchedMap<K, V> extends Map<K, V> {
  #watcher: MapWatcher<K> | undefined;

  /** Creates an empty map: the constructor of Map would call `set` before the watcher exists. */
  // biome-ignore lint/complexity/noUselessConstructor: it takes away the parameter of the constructor of Map
  constructor() {
    super();
  }

  /** Sets or removes the one watcher. */
  watch(watcher: MapWatcher<K> | undefined): void {
    this.#watcher = watcher;
  }

  static from<K, V>(entries: Iterable<readonly [K, V]>): WatchedMap<K, V> {
    const map = new WatchedMap<K, V>();
    for (const [key, value] of entries) map.set(key, value);
    return map;
  }

  get watcher(): MapWatcher<K> | undefined {
    return this.#watcher;
  }

  /** Returns a value for reading, without telling the watcher. */
  peek(key: K): V | undefined {
    return super.get(key);
  }

  override get(key: K): V | undefined {
    this.#watcher?.beforeAccess(key);
    return super.get(key);
  }

  override set(key: K, value: V): this {
    this.#watcher?.beforeAccess(key);
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    this.#watcher?.beforeAccess(key);
    return super.delete(key);
  }

  override clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }

  override forEach(action: (value: V, key: K, map: Map<K, V>) => void, self?: unknown): void {
    for (const [key, value] of this.entries()) action.call(self, value, key, this);
  }

  override entries(): MapIterator<[K, V]> {
    return this.#watcher === undefined ? super.entries() : watchedEntries(super.entries(), this.#watcher);
  }

  override values(): MapIterator<V> {
    return this.#watcher === undefined ? super.values() : valuesOf(this.entries());
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

function* watchedEntries<K, V>(entries: MapIterator<[K, V]>, watcher: MapWatcher<K>): MapIterator<[K, V]> {
  for (const entry of entries) {
    watcher.beforeAccess(entry[0]);
    yield entry;
  }
}

function* valuesOf<K, V>(entries: MapIterator<[K, V]>): MapIterator<V> {
  for (const [, value] of entries) yield value;
}

/**
 * Returns a value that a command only reads: the watcher is not told, so the value must not be changed. To encode values
 * that stay as they are takes memory until the capture writes them.
 */
export function readFrom<K, V>(map: ReadonlyMap<K, V>, key: K): Readonly<V> | undefined {
  return Map.prototype.get.call(map, key);
}
