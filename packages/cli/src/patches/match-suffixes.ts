import type { SegmentSteps } from "./segment.js";
import { type Steps, suffixArray } from "./suffix-array.js";
import { LOOKUP_UNITS, Work } from "./work.js";

/** A match is followed at most this far while it is searched: long runs of equal bytes would take too long. */
const MATCH_BYTES_MAX = 65_536;
/** From this length on, not every place in a match is searched that is only a little better than the last match. */
const LONG_MATCH_BYTES = 64;
/** A match must explain this many bytes more than the old image does where the last match left off. */
const ADVANTAGE_BYTES = 8;

/**
 * Finds what two images have in common: the method of bsdiff (Colin Percival, "Naive Differences of Executable Code",
 * 2003). Exact matches come from the suffix array of the old image, and grow in both directions as long as at least half
 * of their bytes are the same. Yields segments that cover the new image.
 */
export function* matchSuffixes(old: Uint8Array, image: Uint8Array): SegmentSteps {
  const work = new Work();
  const search = new SuffixSearch(old, yield* suffixArray(old), work);
  /** Where the part of the new image begins that no segment covers yet, and where its match is in the old image. */
  let start = 0;
  let oldStart = 0;
  let at = 0;
  while (at < image.length) {
    const found = yield* nextMatch(search, old, image, at, oldStart - start, work);
    work.add(2 * (found.at - start));
    const forward = similarForward(old, image, oldStart, start, found.at);
    const backward = found.at < image.length ? similarBackward(old, image, found.oldAt, found.at, start) : 0;
    const overlap = start + forward - (found.at - backward);
    const cut = overlap > 0 ? bestCut(old, image, { oldStart, start, forward, overlap }, found) : 0;
    const diffBytes = overlap > 0 ? forward - overlap + cut : forward;
    const nextStart = overlap > 0 ? start + diffBytes : found.at - backward;
    const literalBytes = nextStart - start - diffBytes;
    if (diffBytes + literalBytes > 0) yield { oldStart, diffBytes, literalBytes };
    oldStart = found.oldAt - (found.at - nextStart);
    start = nextStart;
    at = found.at + found.lengthBytes;
  }
  if (start < image.length) {
    const diffBytes = similarForward(old, image, oldStart, start, image.length);
    yield { oldStart, diffBytes, literalBytes: image.length - start - diffBytes };
  }
}

interface Match {
  at: number;
  oldAt: number;
  lengthBytes: number;
}

/**
 * Returns the next match from `at` on that explains more than the old image does at the same distance as before, or the
 * end of the image.
 */
function* nextMatch(
  search: SuffixSearch,
  old: Uint8Array,
  image: Uint8Array,
  from: number,
  distance: number,
  work: Work,
): Steps<Match> {
  let sameBytes = 0;
  let counted = from;
  for (let at = from; at < image.length; ) {
    while (work.isStepDue()) yield;
    const { oldAt, lengthBytes } = search.longest(image, at);
    for (; counted < at + lengthBytes; counted += 1) {
      if (old[counted + distance] === image[counted]) sameBytes += 1;
    }
    if (lengthBytes > sameBytes + ADVANTAGE_BYTES) return { at, oldAt, lengthBytes };
    // If the place as before explains all of it, skip it. If that explains nearly all, what explains more reaches beyond
    // the end, and is found from the middle as well.
    const isExplained = lengthBytes === sameBytes;
    const skipped = isExplained ? lengthBytes : lengthBytes < LONG_MATCH_BYTES ? 1 : lengthBytes >> 1;
    const next = at + Math.max(1, skipped);
    // The bytes before that are not part of what the next match explains.
    for (; at < next; at += 1) if (at < counted && old[at + distance] === image[at]) sameBytes -= 1;
    counted = Math.max(counted, next);
  }
  return { at: image.length, oldAt: image.length + distance, lengthBytes: 0 };
}

/** Returns how many bytes after two places are similar. */
function similarForward(
  old: Uint8Array,
  image: Uint8Array,
  oldStart: number,
  start: number,
  end: number,
): number {
  const most = Math.min(end - start, old.length - oldStart);
  return similarBytes(most, (count) => old[oldStart + count - 1] === image[start + count - 1]);
}

/** Returns how many bytes before two places are similar. */
function similarBackward(
  old: Uint8Array,
  image: Uint8Array,
  oldAt: number,
  at: number,
  start: number,
): number {
  return similarBytes(Math.min(at - start, oldAt), (count) => old[oldAt - count] === image[at - count]);
}

/** Returns the count of bytes, at most `most`, with the most equal ones beyond half of them. */
function similarBytes(most: number, isEqual: (count: number) => boolean): number {
  let same = 0;
  let bestScore = 0;
  let best = 0;
  for (let count = 1; count <= most; count += 1) {
    if (isEqual(count)) same += 1;
    const score = same * 2 - count;
    if (score > bestScore) {
      bestScore = score;
      best = count;
    }
  }
  return best;
}

/** Returns how many bytes of an overlap the earlier match keeps, so that most bytes are equal. */
function bestCut(
  old: Uint8Array,
  image: Uint8Array,
  earlier: { oldStart: number; start: number; forward: number; overlap: number },
  later: Match,
): number {
  const from = earlier.start + earlier.forward - earlier.overlap;
  let score = 0;
  let bestScore = 0;
  let best = 0;
  for (let index = 0; index < earlier.overlap; index += 1) {
    const at = from + index;
    if (image[at] === old[at - earlier.start + earlier.oldStart]) score += 1;
    if (image[at] === old[at - later.at + later.oldAt]) score -= 1;
    if (score > bestScore) {
      bestScore = score;
      best = index + 1;
    }
  }
  return best;
}

/** Finds the longest common piece of a place in the new image and any place in the old one. */
class SuffixSearch {
  readonly #old: Uint8Array;
  readonly #order: Int32Array;
  readonly #work: Work;
  readonly #found = { oldAt: 0, lengthBytes: 0 };

  constructor(old: Uint8Array, order: Int32Array, work: Work) {
    this.#old = old;
    this.#order = order;
    this.#work = work;
  }

  /** The result is valid until the next call. */
  longest(image: Uint8Array, at: number): { oldAt: number; lengthBytes: number } {
    const found = this.#found;
    found.oldAt = 0;
    found.lengthBytes = 0;
    let low = 0;
    let high = this.#order.length - 1;
    let lowSame = 0;
    let highSame = 0;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const oldAt = this.#order[middle] as number;
      // All suffixes between two share the beginning that both share with the new image.
      const same = this.#sameBytes(oldAt, image, at, Math.min(lowSame, highSame));
      if (same > found.lengthBytes) {
        found.oldAt = oldAt;
        found.lengthBytes = same;
      }
      if (same === MATCH_BYTES_MAX || at + same === image.length) break;
      const oldByte = this.#old[oldAt + same];
      if (oldByte === undefined || oldByte < (image[at + same] as number)) {
        low = middle + 1;
        lowSame = same;
      } else {
        high = middle - 1;
        highSame = same;
      }
    }
    return found;
  }

  #sameBytes(oldAt: number, image: Uint8Array, at: number, known: number): number {
    const old = this.#old;
    const most = Math.min(MATCH_BYTES_MAX, old.length - oldAt, image.length - at);
    let same = known;
    while (same < most && old[oldAt + same] === image[at + same]) same += 1;
    this.#work.add(LOOKUP_UNITS + same - known);
    return same;
  }
}
