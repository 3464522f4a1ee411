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
