/** Says how a table column gives up width on a narrow terminal. */
export interface Shrinkable {
  /** The minimum width in characters when cut; without it the column stays whole. */
  shrinkTo?: number;
  /** Allows dropping the column if cutting is not enough: the highest number first. */
  dropOrder?: number;
}

/**
 * Returns the width of each column so that their sum, with `gap` between two, is at most `width`; `undefined` for a
 * dropped column. If no more columns can shrink, the sum is larger.
 */
export function fitColumns(
  columns: readonly Shrinkable[],
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

/** Shrinks the columns with the most spare width until the excess is gone. */
function shrink(columns: readonly (Shrinkable & { wanted: number })[], room: number): number[] {
  const slack = columns.map(({ wanted, shrinkTo = wanted }) => Math.max(0, wanted - shrinkTo));
  let left = columns.reduce((sum, { wanted }) => sum + wanted, 0) - room;
  const taken = columns.map(() => 0);
  for (const i of slack.map((_, i) => i).sort((a, b) => (slack[b] ?? 0) - (slack[a] ?? 0))) {
    taken[i] = Math.max(0, Math.min(left, slack[i] ?? 0));
    left -= taken[i] ?? 0;
  }
  return columns.map(({ wanted }, i) => wanted - (taken[i] ?? 0));
}

function firstToDrop<Column extends Shrinkable>(columns: readonly Column[]): Column | undefined {
  const [first] = columns
    .filter(({ dropOrder }) => dropOrder !== undefined)
    .sort((a, b) => (b.dropOrder ?? 0) - (a.dropOrder ?? 0));
  return first;
}
