import type { SortedList } from "../listing/sorted-list.js";
import { compareUtf8 } from "./utf8-order.js";

/** Pages of a listing, from sorted keys. */

export interface ListOptions {
  prefix: string;
  /** Keys that contain it after the prefix are grouped into a common prefix; empty for no grouping. */
  delimiter: string;
  /** The page begins after this key, or after all keys with this common prefix. */
  after: string;
  maxKeys: number;
}

export interface ListPage {
  keys: string[];
  commonPrefixes: string[];
  /** The last key or common prefix of the page; absent if the page is the last one. */
  next?: string;
}

/** Keys in the order of `compareUtf8`. */
export type SortedKeys = Pick<SortedList<string>, "upwards"> & Iterable<string>;

/** Returns one page. It reads what is on the page, and not the keys of a common prefix. */
export function listPage(keys: Pick<SortedKeys, "upwards">, options: ListOptions): ListPage {
  const { after, maxKeys } = options;
  const page: ListPage = { keys: [], commonPrefixes: [] };
  let last = "";
  for (const { key, common } of groupedKeys(keys, options, (each) => compareUtf8(each, after) <= 0)) {
    if (common !== undefined && common === after) continue;
    if (page.keys.length + page.commonPrefixes.length >= maxKeys) {
      if (maxKeys > 0) page.next = last;
      return page;
    }
    last = common ?? key;
    if (common === undefined) page.keys.push(key);
    else page.commonPrefixes.push(common);
  }
  return page;
}

interface ListEntriesOptions extends ListOptions {
  /** The page begins after the entry of key `after` with this id; if `undefined`, after all entries of that key. */
  afterId: string | undefined;
}

interface EntryPage<T> {
  entries: T[];
  commonPrefixes: string[];
  /** The last entry or common prefix of the page; absent if the page is empty. */
  last?: { key: string; id?: string };
  /** The same; absent if the page is the last one. */
  next?: { key: string; id?: string };
}

/**
 * Returns one page of entries, of which a key can have several: versions or uploads. `entriesOf` returns them in order.
 */
export function listEntries<T>(
  keys: SortedKeys,
  entriesOf: (key: string) => readonly T[],
  idOf: (entry: T) => string,
  options: ListEntriesOptions,
): EntryPage<T> {
  const { after, afterId, maxKeys } = options;
  const page: EntryPage<T> = { entries: [], commonPrefixes: [] };
  const isFull = () => page.entries.length + page.commonPrefixes.length >= maxKeys;
  const finishPage = (): EntryPage<T> => (page.last === undefined ? page : { ...page, next: page.last });
  const isBefore = (key: string) => compareUtf8(key, after) < (afterId === undefined ? 1 : 0);
  for (const { key, common } of groupedKeys(keys, options, isBefore)) {
    if (common !== undefined) {
      if (common === after) continue;
      if (isFull()) return finishPage();
      page.commonPrefixes.push(common);
      page.last = { key: common };
      continue;
    }
    const entries = entriesOf(key);
    const skipped = key === after ? entries.findIndex((each) => idOf(each) === afterId) + 1 : 0;
    for (const entry of entries.slice(skipped)) {
      if (isFull()) return finishPage();
      page.entries.push(entry);
      page.last = { key, id: idOf(entry) };
    }
  }
  return page;
}

/** Number of keys with one common prefix that are read before the rest of them is skipped: a search takes longer. */
const READ_OF_A_PREFIX = 16;

/** Yields the keys with the prefix that are not before the page, and each common prefix once, with its first key. */
function* groupedKeys(
  keys: Pick<SortedKeys, "upwards">,
  { prefix, delimiter }: ListOptions,
  isBefore: (key: string) => boolean,
): Iterable<{ key: string; common?: string }> {
  let isSkipped = (key: string) => isBefore(key) || compareUtf8(key, prefix) < 0;
  for (let skipping: string | undefined = ""; skipping !== undefined; ) {
    skipping = undefined;
    let common = "";
    let read = 0;
    for (const key of keys.upwards(isSkipped)) {
      if (!key.startsWith(prefix)) break;
      if (common !== "" && key.startsWith(common)) {
        read += 1;
        if (read < READ_OF_A_PREFIX) continue;
        skipping = common;
        break;
      }
      read = 0;
      const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      common = end < 0 ? "" : key.slice(0, end + delimiter.length);
      yield common === "" ? { key } : { key, common };
    }
    const skipped = skipping;
    if (skipped !== undefined) isSkipped = (key) => compareUtf8(key, skipped) < 0 || key.startsWith(skipped);
  }
}
