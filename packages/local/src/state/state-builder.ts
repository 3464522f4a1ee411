import { type Path, ROOT_KEY, type StateRecord } from "./state-record.js";
import { WatchedMap } from "./watched-map.js";

/** Builds a state from the records of a `StateCapture`. Every Map in it is a `WatchedMap`. */
export class StateBuilder {
  readonly #top = new WatchedMap<unknown, unknown>();

  /** @throws {Error} if the record does not follow the ones before */
  add(record: StateRecord): void {
    const target = this.#find(record.at);
    if ("items" in record) {
      if (target instanceof Set) for (const item of record.items) target.add(item);
      else if (Array.isArray(target)) for (const item of record.items) target.push(item);
      else throw misplaced(record.at);
      return;
    }
    if (!(target instanceof Map)) throw misplaced(record.at);
    const { entries, sets = [], maps = [] } = record;
    for (const entry of entries) {
      for (const path of sets) replaceAt(entry, path, (items) => new Set(items));
      for (const path of maps) replaceAt(entry, path, () => new WatchedMap());
      target.set(entry[0], entry[1]);
    }
  }

  /** Returns the root. @throws {Error} if there was none */
  finish(): unknown {
    const root = this.#top.get(ROOT_KEY);
    if (root === undefined) throw new Error("it has no root");
    return root;
  }

  #find(path: Path): unknown {
    let found: unknown = this.#top;
    for (const step of path) {
      found =
        found instanceof Map
          ? found.get(step)
          : (found as Record<string, unknown> | undefined)?.[String(step)];
    }
    return found;
  }
}

/** Replaces the array at `path` of an entry's value by the collection that it stands for. */
function replaceAt(entry: [unknown, unknown], path: Path, collect: (items: unknown[]) => unknown): void {
  let holder: Record<string | number, unknown> = entry as unknown as Record<number, unknown>;
  let name: string | number = 1;
  for (const step of path) {
    holder = holder[name] as Record<string, unknown>;
    name = String(step);
  }
  holder[name] = collect(holder[name] as unknown[]);
}

function misplaced(at: Path): Error {
  return new Error(`a record has no place at ${JSON.stringify(at)}`);
}
