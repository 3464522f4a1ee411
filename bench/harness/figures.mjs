// Figures of a benchmark: medians, spreads, and rows that compare ours with a peer or with bare Node.js.

/** Returns the middle of `values`; of an even number of values, the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns the median of `values` with the lowest and the highest. */
export function spread(values) {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * Returns the ratio of each value to the one of the same round: both met the same machine at the same time. Leaves out
 * rounds in which the other value is 0, which means less than can be measured.
 */
export function ratiosInPairs(values, others) {
  return values.flatMap((value, round) => (others[round] === 0 ? [] : [value / others[round]]));
}

/**
 * Makes one row of a report. `ours`, `peer` and `bare` have one value for each round, or are left out.
 *
 * `goal` is `{ atMost: 0.5, of: "peer" }` or `{ atLeast: 2, of: "bare" }` for a ratio, and `{ atMost: 40 }` for a value in
 * `unit`. The ratio is that to the side of the goal, otherwise to the peer, otherwise to bare Node.js. `low` and `high`
 * are those of the ratio in pairs; of our values where there is no ratio. `met` is undefined without a goal, or
 * when the side of the goal was not measured or was 0.
 */
export function figureRow({ what, unit, ours, peer, bare, goal }) {
  const sides = { peer, bare };
  const to = goal === undefined ? ["peer", "bare"].find((side) => sides[side] !== undefined) : goal.of;
  const ratios = sides[to] === undefined ? [] : ratiosInPairs(ours, sides[to]);
  const hasRatio = ratios.length > 0;
  const { median: judged, low, high } = spread(hasRatio ? ratios : ours);
  const isJudged = goal !== undefined && (goal.of === undefined || hasRatio);
  return {
    what,
    unit,
    ours: median(ours),
    peer: peer && median(peer),
    bare: bare && median(bare),
    ratio: hasRatio ? judged : undefined,
    low,
    high,
    goal,
    met: isJudged ? isMet(judged, goal) : undefined,
  };
}

function isMet(value, { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }) {
  return value <= atMost && value >= atLeast;
}
