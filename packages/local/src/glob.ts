/** A pattern in which `*` stands for any text and `?` for one UTF-16 unit, ready to be matched. */
export type Glob = readonly number[];

const ANY = -1;
const ONE = -2;

/** `text` with its wildcards. */
export function parseGlob(text: string): Glob {
  return Array.from({ length: text.length }, (_, index) => {
    if (text[index] === "*") return ANY;
    return text[index] === "?" ? ONE : text.charCodeAt(index);
  });
}

/** `text` in which `*` and `?` stand for themselves. */
export function literalGlob(text: string): Glob {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

/** Takes time in proportion to the two lengths at most, whatever the pattern: it comes from outside. */
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
      // The last `*` takes one more.
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
