import { type Path, ROOT_KEY, type StateRecord } from "./state-record.js";
import { WatchedMap } from "./watched-map.js";

type Members = Record<string, unknown>;

/** Builds a state from the records of a `StateCapture`. Every Map in it is a `WatchedMap`. */
export class StateBuilder {
  readonly #top = new WatchedMap<unknown, unknown>();

  /** @throws {Error} if the record does not follow the ones before */
  add(record: StateRecord): void {
    const target = this.#find(record.at);
    if ("items" in record) {
      if (target instanceof Set) addToSet(target, record.items);
      else if (Array.isArray(target)) addToArray(target, record.items);
      else throw misplaced(record.at);
      return;
    }
    if (!(target instanceof Map)) throw misplaced(record.at);
    const { entries, sets = [], maps = [] } = record;
    for (const path of sets) replaceAt(entries, path, (items) => new Set(items));
    for (const path of maps) replaceAt(entries, path, () => new WatchedMap());
    addEntries(target, entries);
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

// The loops over many items are small functions. V8 compiles what is hot with all that is around it, and with 10,000 things,
// its compiler would take as long as these loops.

function addEntries(target: Map<unknown, unknown>, entries: readonly [unknown, unknown][]): void {
  for (const entry of entries) target.set(entry[0], entry[1]);
}

function addToSet(target: Set<unknown>, items: readonly unknown[]): void {
  for (const item of items) target.add(item);
}

function addToArray(target: unknown[], items: readonly unknown[]): void {
  for (const item of items) target.push(item);
}

/** Replaces the array at `path` of each entry's value by the collection that it stands for. */
function replaceAt(
  entries: readonly [unknown, unknown][],
  path: Path,
  collect: (items: unknown[]) => unknown,
): void {
  const names = path.map(String);
  const last = names.pop();
  if (last === undefined) for (const entry of entries) entry[1] = collect(entry[1] as unknown[]);
  else for (const entry of entries) replaceMember(entry[1] as Members, names, last, collect);
}

function replaceMember(
  value: Members,
  names: readonly string[],
  last: string,
  collect: (items: unknown[]) => unknown,
): void {
  const holder = names.reduce((found, name) => found[name] as Members, value);
  holder[last] = collect(holder[last] as unknown[]);
}

function misplaced(at: Path): Error {
  return new Error(`a record has no place at ${JSON.stringify(at)}`);
}
