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

/** Returns one page. `keys` must be in the order of their UTF-8 bytes. */
export function listPage(keys: readonly string[], options: ListOptions): ListPage {
  const { prefix, delimiter, after, maxKeys } = options;
  const page: ListPage = { keys: [], commonPrefixes: [] };
  let last = "";
  for (let at = firstAfter(keys, after); at < keys.length; at += 1) {
    const key = keys[at] ?? "";
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (common !== undefined && (common === last || common === after)) continue;
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
  keys: readonly string[],
  entriesOf: (key: string) => readonly T[],
  idOf: (entry: T) => string,
  { prefix, delimiter, after, afterId, maxKeys }: ListEntriesOptions,
): EntryPage<T> {
  const page: EntryPage<T> = { entries: [], commonPrefixes: [] };
  const isFull = () => page.entries.length + page.commonPrefixes.length >= maxKeys;
  const finishPage = (): EntryPage<T> => (page.last === undefined ? page : { ...page, next: page.last });
  const first = firstAfter(keys, after);
  const resumesInKey = afterId !== undefined && keys[first - 1] === after;
  for (const key of keys.slice(resumesInKey ? first - 1 : first)) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (common !== undefined) {
      if (common === page.commonPrefixes.at(-1) || common === after) continue;
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

function firstAfter(keys: readonly string[], after: string): number {
  const wanted = Buffer.from(after);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after === "" || Buffer.compare(Buffer.from(keys[middle] ?? ""), wanted) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
