import { type BucketRecord, isDeleteMarker, type ObjectRecord, type VersionRecord } from "./records.js";
import { sortUtf8 } from "./sort-utf8.js";

/** A bucket in memory: its record, and an index of its versions. */
export class Bucket {
  record: BucketRecord;
  /** By key, newest first; no list is empty. */
  readonly #versions = new Map<string, VersionRecord[]>();
  /** Sorted keys; computed when needed, removed when a key is added or removed. */
  #sorted: { all: string[]; ofObjects: string[] } | undefined;

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
    const newestFirst = [...others, record].sort((a, b) => b.sequence - a.sequence);
    this.#versions.set(record.key, newestFirst);
    if (others.length === 0 || isDeleteMarker(record) || others.some(isDeleteMarker))
      this.#sorted = undefined;
  }

  remove(record: VersionRecord): void {
    const others = this.versions(record.key).filter((each) => each !== record);
    if (others.length === 0) this.#versions.delete(record.key);
    else this.#versions.set(record.key, others);
    this.#sorted = undefined;
  }

  /** Returns the keys, all and those of objects, in the order of their UTF-8 bytes. */
  sortedKeys(): { readonly all: readonly string[]; readonly ofObjects: readonly string[] } {
    if (this.#sorted === undefined) {
      const all = sortUtf8([...this.#versions.keys()]);
      this.#sorted = { all, ofObjects: all.filter((key) => this.object(key) !== undefined) };
    }
    return this.#sorted;
  }
}
