/**
 * Short sets of names, which are replaced as a whole and never changed in place. All empty ones are one object: a Set takes
 * 150 bytes, and most things have neither groups nor certificates.
 */
export const NO_NAMES: ReadonlySet<string> = new Set();

/** Returns the names with one more. */
export function withName(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set(names).add(name);
}

/** Returns the names without one of them. */
export function withoutName(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const others = new Set(names);
  others.delete(name);
  return others.size === 0 ? NO_NAMES : others;
}
