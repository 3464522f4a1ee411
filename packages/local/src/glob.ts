/** A parsed pattern: `*` matches any text, `?` matches one UTF-16 code unit. */
export type Glob = readonly number[];

const ANY = -1;
const ONE = -2;

/** Parses a pattern with wildcards. */
export function parseGlob(text: string): Glob {
  return Array.from({ length: text.length }, (_, index) => {
    if (text[index] === "*") return ANY;
    return text[index] === "?" ? ONE : text.charCodeAt(index);
  });
}

/** Returns a pattern that matches exactly `text`, including any `*` and `?` in it. */
export function literalGlob(text: string): Glob {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

/** Matches in time bounded by the product of the two lengths: patterns come from outside. */
export function matchesGlob(glob: Glob, text: string): boolean {
  let at = 0;
  let position = 0;
  let retryAt = -1;
  let retryPosition = 0;
  while (position < text.length) {
    const wanted = glob[at];
    if (wanted === ANY) {
      at += 1;
      retryAt = at;
      retryPosition = position;
    } else if (wanted === ONE || wanted === text.charCodeAt(position)) {
      at += 1;
      position += 1;
    } else if (retryAt >= 0) {
      // Retries with the last `*` matching one more unit.
      at = retryAt;
      retryPosition += 1;
      position = retryPosition;
    } else {
      return false;
    }
  }
  while (glob[at] === ANY) at += 1;
  return at === glob.length;
}
