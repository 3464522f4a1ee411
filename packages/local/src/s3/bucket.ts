import { SortedList } from "../listing/sorted-list.js";
import type { SortedKeys } from "./list.js";
import { type BucketRecord, isDeleteMarker, type ObjectRecord, type VersionRecord } from "./records.js";
import { compareUtf8 } from "./utf8-order.js";

/** A bucket in memory: its record, and an index of its versions. */
export class Bucket {
  record: BucketRecord;
  /** By key, newest first; no list is empty. */
  readonly #versions = new Map<string, VersionRecord[]>();
  /** Absent until the bucket is listed. */
  #sorted: { all: SortedList<string>; ofObjects: SortedList<string> } | undefined;

  constructor(record: BucketRecord) {
    this.record = record;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** Sequence number of the newest version; 0 if there is none. */
  get lastSequence(): number {
    let last = 0;
    for (const [newest] of this.#versions.values()) last = Math.max(last, newest?.sequence ?? 0);
    return last;
  }

  /** Returns the versions of a key, newest first. */
  versions(key: string): readonly VersionRecord[] {
    return this.#versions.get(key) ?? [];
  }

  /** Returns the newest version of a key, unless that is a delete marker. */
  object(key: string): ObjectRecord | undefined {
    const [newest] = this.versions(key);
    return newest === undefined || isDeleteMarker(newest) ? undefined : newest;
  }

  /** Adds a version; replaces the one with the same id. */
  add(record: VersionRecord): void {
    const others = this.versions(record.key).filter((each) => each.versionId !== record.versionId);
    this.#setVersions(
      record.key,
      [...others, record].sort((a, b) => b.sequence - a.sequence),
    );
  }

  remove(record: VersionRecord): void {
    this.#setVersions(
      record.key,
      this.versions(record.key).filter((each) => each !== record),
    );
  }

  /** Returns the keys, all and those of objects, in the order of their UTF-8 bytes. */
  sortedKeys(): { readonly all: SortedKeys; readonly ofObjects: SortedKeys } {
    this.#sorted ??= {
      all: new SortedList(compareUtf8, this.#versions.keys()),
      ofObjects: new SortedList(
        compareUtf8,
        [...this.#versions.keys()].filter((key) => this.object(key) !== undefined),
      ),
    };
    return this.#sorted;
  }

  #setVersions(key: string, newestFirst: VersionRecord[]): void {
    const before = { all: this.#versions.has(key), ofObjects: this.object(key) !== undefined };
    if (newestFirst.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, newestFirst);
    const after = { all: this.#versions.has(key), ofObjects: this.object(key) !== undefined };
    for (const list of ["all", "ofObjects"] as const) {
      if (before[list] && !after[list]) this.#sorted?.[list].delete(key);
      if (!before[list] && after[list]) this.#sorted?.[list].add(key);
    }
  }
}
