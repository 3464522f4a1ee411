/** Yields about ten times a second of work, so that the caller can pause. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** A multiple of this many entries is between two steps. */
const STEP_ENTRIES = 2 ** 20;

/**
 * Returns the suffix array of `text`: the start of each suffix, in the order of the suffixes. Takes time in proportion to
 * the text, and up to 11 bytes of memory for each of its bytes. The method is SA-IS: Nong, Zhang and Chan, "Two Efficient
 * Algorithms for Linear Time Suffix Array Construction", IEEE Transactions on Computers, 2011.
 */
export function suffixArray(text: Uint8Array): Steps<Int32Array> {
  return sortSuffixes(text, 256);
}

type Text = Uint8Array | Int32Array;

function* sortSuffixes(text: Text, alphabet: number): Steps<Int32Array> {
  const { length } = text;
  const order = new Int32Array(length);
  if (length < 2) return order;
  const isSmall = markSmallSuffixes(text);
  const buckets = countBuckets(text, alphabet);
  const starts = leftmostStarts(isSmall);
  yield* induce(text, isSmall, buckets, starts, order);
  if (starts.length > 1) {
    const { names, nameCount } = yield* nameStarts(text, isSmall, starts, order);
    if (nameCount < starts.length) {
      const inner = yield* sortSuffixes(names, nameCount);
      const sorted = inner.map((index) => starts[index] as number);
      yield* induce(text, isSmall, buckets, sorted, order);
    } else {
      const sorted = new Int32Array(starts.length);
      for (let index = 0; index < starts.length; index += 1) {
        sorted[names[index] as number] = starts[index] as number;
      }
      yield* induce(text, isSmall, buckets, sorted, order);
    }
  }
  return order;
}

/** Marks with 1 each suffix that is smaller than the one after it (type S). The last one is not. */
function markSmallSuffixes(text: Text): Uint8Array {
  const isSmall = new Uint8Array(text.length);
  for (let at = text.length - 2; at >= 0; at -= 1) {
    const here = text[at] as number;
    const next = text[at + 1] as number;
    isSmall[at] = here < next || (here === next && isSmall[at + 1] === 1) ? 1 : 0;
  }
  return isSmall;
}

/** Returns where the suffixes that begin with each character begin in the sorted order, and one end more. */
function countBuckets(text: Text, alphabet: number): Int32Array {
  const buckets = new Int32Array(alphabet + 1);
  for (let at = 0; at < text.length; at += 1) {
    const next = (text[at] as number) + 1;
    buckets[next] = (buckets[next] as number) + 1;
  }
  for (let index = 1; index <= alphabet; index += 1) {
    buckets[index] = (buckets[index] as number) + (buckets[index - 1] as number);
  }
  return buckets;
}

/** Returns the start of each suffix of type S that follows one of type L, in the order of the text. */
function leftmostStarts(isSmall: Uint8Array): Int32Array {
  let count = 0;
  for (let at = 1; at < isSmall.length; at += 1) if (isSmall[at] === 1 && isSmall[at - 1] === 0) count += 1;
  const starts = new Int32Array(count);
  count = 0;
  for (let at = 1; at < isSmall.length; at += 1) {
    if (isSmall[at] === 1 && isSmall[at - 1] === 0) starts[count++] = at;
  }
  return starts;
}

/** Sorts all suffixes, given the order of those in `starts`. If they are in no order, sorts the pieces between them. */
function* induce(
  text: Text,
  isSmall: Uint8Array,
  buckets: Int32Array,
  starts: Int32Array,
  order: Int32Array,
): Steps<void> {
  const { length } = text;
  order.fill(-1);
  const ends = buckets.slice(1);
  for (let index = starts.length - 1; index >= 0; index -= 1) {
    const at = starts[index] as number;
    const end = (ends[text[at] as number] as number) - 1;
    ends[text[at] as number] = end;
    order[end] = at;
  }
  const heads = buckets.slice(0, -1);
  const placeLarge = (at: number) => {
    const head = heads[text[at] as number] as number;
    heads[text[at] as number] = head + 1;
    order[head] = at;
  };
  placeLarge(length - 1);
  for (let index = 0; index < length; index += 1) {
    if (index % STEP_ENTRIES === 0) yield;
    const at = order[index] as number;
    if (at > 0 && isSmall[at - 1] === 0) placeLarge(at - 1);
  }
  ends.set(buckets.subarray(1));
  for (let index = length - 1; index >= 0; index -= 1) {
    if (index % STEP_ENTRIES === 0) yield;
    const at = order[index] as number;
    if (at <= 0 || isSmall[at - 1] === 0) continue;
    const end = (ends[text[at - 1] as number] as number) - 1;
    ends[text[at - 1] as number] = end;
    order[end] = at - 1;
  }
}

/** Numbers the pieces between `starts` by their rank; equal pieces get the same number. */
function* nameStarts(
  text: Text,
  isSmall: Uint8Array,
  starts: Int32Array,
  order: Int32Array,
): Steps<{ names: Int32Array; nameCount: number }> {
  const { length } = text;
  // Two starts are never adjacent, so half of a position tells them apart.
  const indexOf = new Int32Array((length >> 1) + 1);
  for (let index = 0; index < starts.length; index += 1) {
    indexOf[(starts[index] as number) >> 1] = index;
  }
  const names = new Int32Array(starts.length);
  let nameCount = 0;
  let last = -1;
  for (let rank = 0; rank < length; rank += 1) {
    if (rank % STEP_ENTRIES === 0) yield;
    const at = order[rank] as number;
    if (at < 1 || isSmall[at] === 0 || isSmall[at - 1] === 1) continue;
    const index = indexOf[at >> 1] as number;
    if (last >= 0 && !isSamePiece(text, starts, last, index)) nameCount += 1;
    names[index] = nameCount;
    last = index;
  }
  return { names, nameCount: nameCount + 1 };
}

function isSamePiece(text: Text, starts: Int32Array, one: number, other: number): boolean {
  const oneStart = starts[one] as number;
  const otherStart = starts[other] as number;
  const oneEnd = one + 1 < starts.length ? (starts[one + 1] as number) : text.length;
  const otherEnd = other + 1 < starts.length ? (starts[other + 1] as number) : text.length;
  if (oneEnd - oneStart !== otherEnd - otherStart) return false;
  // The character at the end of a piece belongs to it. The last piece has none, so it equals no other.
  if (oneEnd === text.length || otherEnd === text.length) return false;
  for (let index = 0; index <= oneEnd - oneStart; index += 1) {
    if (text[oneStart + index] !== text[otherStart + index]) return false;
  }
  return true;
}
