import type { CapturedEntry, StateCapture } from "./state-capture.js";
import type { Path } from "./state-record.js";
import type { MapWatcher, WatchedMap } from "./watched-map.js";

/** The entries of a `WatchedMap` as they were when it was captured, in their order. */
export class CapturedMap implements MapWatcher<unknown>, Iterable<CapturedEntry> {
  readonly #capture: StateCapture;
  readonly #at: Path;
  readonly #map: WatchedMap<unknown, unknown>;
  readonly #keys: unknown[];
  /** Entries that had to be encoded early; `undefined` for a key that was added later, or is written. */
  readonly #early = new Map<unknown, CapturedEntry | undefined>();

  /** Copies the keys only. */
  constructor(capture: StateCapture, at: Path, map: WatchedMap<unknown, unknown>) {
    this.#capture = capture;
    this.#at = at;
    this.#map = map;
    this.#keys = [...map.keys()];
    map.watch(this);
  }

  beforeAccess(key: unknown): void {
    if (!this.#capture.isChanging || this.#early.has(key)) return;
    this.#early.set(key, this.#map.has(key) ? this.#encode(key) : undefined);
  }

  *[Symbol.iterator](): Iterator<CapturedEntry> {
    for (const key of this.#keys) {
      const early = this.#early.get(key);
      if (early !== undefined) this.#early.set(key, undefined); // it is written now: its memory is needed elsewhere
      yield early ?? this.#encode(key);
    }
  }

  /** Stops following the map. */
  release(): void {
    this.#map.watch(undefined);
    this.#early.clear();
  }

  #encode(key: unknown): CapturedEntry {
    return this.#capture.captureEntry(this.#at, key, this.#map.peek(key));
  }
}
