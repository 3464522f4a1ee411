/** How a column of a table may give way to others, on a terminal that is too narrow for all. */
export interface Yielding {
  /** The fewest characters that it may be cut to; without it the column stays whole. */
  shrinkTo?: number;
  /** It may be left out when cutting is not enough: the column with the highest number first. */
  dropOrder?: number;
}

/**
 * Returns the width of each column so that their sum, with `gap` between two, is at most `width`; `undefined` for one
 * that is left out. Where no more can give way, the sum is larger.
 */
export function fitColumns(
  columns: readonly Yielding[],
  wanted: readonly number[],
  { width, gap }: { width: number; gap: number },
): (number | undefined)[] {
  let shown = columns.map((column, i) => ({ ...column, i, wanted: wanted[i] ?? 0 }));
  for (;;) {
    const room = width - gap * (shown.length - 1);
    const widths = shrink(shown, room);
    const isWide = widths.reduce((sum, own) => sum + own, 0) > room;
    const dropped = isWide ? firstToDrop(shown) : undefined;
    if (dropped === undefined) {
      return columns.map((_column, i) => widths[shown.findIndex((column) => column.i === i)]);
    }
    shown = shown.filter((column) => column !== dropped);
  }
}

/** Takes what is too much from the columns that have the most to give. */
function shrink(columns: readonly (Yielding & { wanted: number })[], room: number): number[] {
  const slack = columns.map(({ wanted, shrinkTo = wanted }) => Math.max(0, wanted - shrinkTo));
  let left = columns.reduce((sum, { wanted }) => sum + wanted, 0) - room;
  const taken = columns.map(() => 0);
  for (const i of slack.map((_, i) => i).sort((a, b) => (slack[b] ?? 0) - (slack[a] ?? 0))) {
    taken[i] = Math.max(0, Math.min(left, slack[i] ?? 0));
    left -= taken[i] ?? 0;
  }
  return columns.map(({ wanted }, i) => wanted - (taken[i] ?? 0));
}

function firstToDrop<Column extends Yielding>(columns: readonly Column[]): Column | undefined {
  const [first] = columns
    .filter(({ dropOrder }) => dropOrder !== undefined)
    .sort((a, b) => (b.dropOrder ?? 0) - (a.dropOrder ?? 0));
  return first;
}
