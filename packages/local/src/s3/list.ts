/** One page of a listing, from keys in order. */

export interface ListOptions {
  prefix: string;
  /** Keys with this text behind the prefix are rolled up to it. Empty: none are. */
  delimiter: string;
  /** The page begins behind this key, or behind all keys of this common prefix. */
  after: string;
  maxKeys: number;
}

export interface ListPage {
  keys: string[];
  commonPrefixes: string[];
  /** The last key or common prefix of the page, where more follows it. */
  next?: string;
}

/** `keys`: in the order of their UTF-8 bytes. */
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
  /** The page begins behind the entry of `after` with this id; absent: behind all of them. */
  afterId: string | undefined;
}

interface EntryPage<T> {
  entries: T[];
  commonPrefixes: string[];
  /** The last entry or common prefix of the page; absent where it is empty. */
  last?: { key: string; id?: string };
  /** The same, where more follows it. */
  next?: { key: string; id?: string };
}

/** One page where a key has several entries, as it has versions and uploads. `entriesOf`: in the order of the listing. */
export function listEntries<T>(
  keys: readonly string[],
  entriesOf: (key: string) => readonly T[],
  idOf: (entry: T) => string,
  { prefix, delimiter, after, afterId, maxKeys }: ListEntriesOptions,
): EntryPage<T> {
  const page: EntryPage<T> = { entries: [], commonPrefixes: [] };
  const isFull = () => page.entries.length + page.commonPrefixes.length >= maxKeys;
  const ended = (): EntryPage<T> => (page.last === undefined ? page : { ...page, next: page.last });
  const first = firstAfter(keys, after);
  const isWithin = afterId !== undefined && keys[first - 1] === after;
  for (const key of keys.slice(isWithin ? first - 1 : first)) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (common !== undefined) {
      if (common === page.commonPrefixes.at(-1) || common === after) continue;
      if (isFull()) return ended();
      page.commonPrefixes.push(common);
      page.last = { key: common };
      continue;
    }
    const entries = entriesOf(key);
    const skipped = key === after ? entries.findIndex((each) => idOf(each) === afterId) + 1 : 0;
    for (const entry of entries.slice(skipped)) {
      if (isFull()) return ended();
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
