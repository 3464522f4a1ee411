import { CapturedMap } from "./captured-map.js";
import { flatten } from "./flatten.js";
import { type Path, ROOT_KEY } from "./state-record.js";
import { WatchedMap } from "./watched-map.js";

interface CaptureOptions {
  /** Longest Set or array that is written in one piece. */
  inlineMax?: number;
  /** Length in characters from which a record takes no further entry. */
  recordChars?: number;
}

const INLINE_MAX = 500;
const RECORD_CHARS = 32 * 1024;

const NOTHING: readonly never[] = [];

/** An entry of a Map as it was when the capture began. */
export interface CapturedEntry {
  /** The key and the value, as a JSON array. */
  json: string;
  /** Paths in the value of what is a Set or a Map. */
  sets: readonly Path[];
  maps: readonly Path[];
  /** The collections that `json` lacks, with their paths in the state. */
  nested: readonly ({ at: Path; items: unknown[] } | { at: Path; entries: Iterable<CapturedEntry> })[];
}

/**
 * A state as it was when the capture began, encoded in parts while commands change it. A state is a tree of plain
 * objects, arrays, Sets and Maps. A value in a `WatchedMap` is encoded when its turn comes, or before a change gets hold
 * of it, whichever is first; everything else is encoded or copied at the beginning. Elements of arrays longer than
 * `inlineMax` must not be changed in place.
 */
export class StateCapture {
  readonly #inlineMax: number;
  readonly #recordChars: number;
  readonly #watched = new Set<CapturedMap>();
  /** Those of the last entry. Entries share them, because those that are encoded early wait in memory. */
  #sets: readonly Path[] = [];
  #maps: readonly Path[] = [];
  #root: CapturedEntry | undefined;
  #isChanging = false;

  constructor(root: object, { inlineMax = INLINE_MAX, recordChars = RECORD_CHARS }: CaptureOptions = {}) {
    this.#inlineMax = inlineMax;
    this.#recordChars = recordChars;
    this.#root = this.captureEntry([], ROOT_KEY, root);
  }

  /** Whether code runs that may change what it reads. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** Runs a change of the state. Code outside a change may only read. */
  change<T>(run: () => T): T {
    this.#isChanging = true;
    try {
      return run();
    } finally {
      this.#isChanging = false;
    }
  }

  /** Returns the `StateRecord`s of the state as JSON, once. Each takes about a millisecond at most. */
  *records(): Generator<string, void> {
    if (this.#root !== undefined) yield* this.#recordsOfEntries([], [this.#root]);
  }

  /** Stops following changes, and forgets the state. Safe to call twice. */
  end(): void {
    for (const map of this.#watched) map.release();
    this.#watched.clear();
    this.#root = undefined;
  }

  /** Encodes an entry of the Map at `at`. */
  captureEntry(at: Path, key: unknown, value: unknown): CapturedEntry {
    const flat = flatten(value, this.#inlineMax);
    if (!haveSamePaths(flat.sets, this.#sets)) this.#sets = flat.sets;
    if (!haveSamePaths(flat.maps, this.#maps)) this.#maps = flat.maps;
    const [sets, maps] = [this.#sets, this.#maps]; // before the entries of nested Maps
    const nested = flat.nested.map(({ path, content }) => {
      const place = [...at, key, ...path];
      if (Array.isArray(content)) return { at: place, items: content };
      return { at: place, entries: this.#captureMap(place, content) };
    });
    return {
      json: JSON.stringify([key, flat.value]),
      sets,
      maps,
      nested: nested.length === 0 ? NOTHING : nested,
    };
  }

  #captureMap(at: Path, map: Map<unknown, unknown>): Iterable<CapturedEntry> {
    if (!(map instanceof WatchedMap))
      return [...map].map(([key, value]) => this.captureEntry(at, key, value));
    // An entry that is already written may be captured again before it changes. Its Maps must keep their watchers.
    if (map.watcher instanceof CapturedMap && this.#watched.has(map.watcher)) return map.watcher;
    const captured = new CapturedMap(this, at, map);
    this.#watched.add(captured);
    return captured;
  }

  /** Groups entries of one shape. What the entries of a group lack follows the group. */
  *#recordsOfEntries(at: Path, entries: Iterable<CapturedEntry>): Generator<string, void> {
    let group: CapturedEntry[] = [];
    let chars = 0;
    for (const entry of entries) {
      const [first] = group;
      if (first !== undefined && (chars >= this.#recordChars || !haveSameShape(first, entry))) {
        yield* this.#recordsOfGroup(at, group);
        group = [];
        chars = 0;
      }
      group.push(entry);
      chars += entry.json.length;
    }
    if (group.length > 0) yield* this.#recordsOfGroup(at, group);
    if (entries instanceof CapturedMap) {
      entries.release();
      this.#watched.delete(entries);
    }
  }

  *#recordsOfGroup(at: Path, group: readonly CapturedEntry[]): Generator<string, void> {
    const entries = group.map(({ json }) => json).join(",");
    const [{ sets, maps } = { sets: [], maps: [] }] = group;
    yield `{"at":${JSON.stringify(at)},"entries":[${entries}]${encodePaths("sets", sets)}${encodePaths("maps", maps)}}`;
    for (const { nested } of group) {
      for (const part of nested) {
        if ("items" in part) yield* recordsOfItems(part.at, part.items, this.#inlineMax);
        else yield* this.#recordsOfEntries(part.at, part.entries);
      }
    }
  }
}

function* recordsOfItems(at: Path, items: readonly unknown[], countMax: number): Generator<string, void> {
  for (let from = 0; from < items.length; from += countMax) {
    yield JSON.stringify({ at, items: items.slice(from, from + countMax) });
  }
}

function haveSameShape(one: CapturedEntry, other: CapturedEntry): boolean {
  return haveSamePaths(one.sets, other.sets) && haveSamePaths(one.maps, other.maps);
}

function haveSamePaths(some: readonly Path[], others: readonly Path[]): boolean {
  return (
    some.length === others.length &&
    some.every((path, index) => {
      const other = others[index];
      return path.length === other?.length && path.every((step, place) => step === other[place]);
    })
  );
}

function encodePaths(name: "sets" | "maps", paths: readonly Path[]): string {
  return paths.length === 0 ? "" : `,"${name}":${JSON.stringify(paths)}`;
}
