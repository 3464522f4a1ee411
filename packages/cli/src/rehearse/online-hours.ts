const HOUR_MS = 3_600_000;
const HOURS = 24;
const GRID = 100;
const SWEEPS = 20;
/** Probabilities of 0 and 1 would make one contrary observation impossible. */
const EPSILON = 1e-4;

/** Holds how long a device waited: from when its execution was queued until it started, or until it was last seen. */
export interface Wait {
  fromMs: number;
  untilMs: number;
  started: boolean;
}

/**
 * Counts of devices in an hour, by the first hour of the same day in which they were seen offline. A device that was
 * offline at 8 is among the devices that are rarely online, so its chance at 9 is lower than that of the fleet.
 */
interface Cell {
  firstHour: number;
  hour: number;
  waiting: number;
  started: number;
}

/**
 * Estimates the share of the devices that are online in each hour of the day in UTC, by maximum likelihood for the
 * devices of a rehearsal: each one draws once for a day, and is online in the hours with the larger shares. Returns
 * `undefined` if all devices start at once. Hours without observations get the mean of the others.
 *
 * @param reactionMs a start within this time counts as online when the execution was queued
 */
export function estimateOnlineHours(
  waits: readonly Wait[],
  reactionMs: number,
): { onlineByHour: number[]; unseenHours: number } | undefined {
  if (waits.every(({ fromMs, untilMs, started }) => started && untilMs - fromMs <= reactionMs))
    return undefined;
  const cells = [...cellsOf(waits, reactionMs).values()];
  const seen = new Set(cells.map(({ hour }) => hour));
  const shares = new Array<number>(HOURS).fill(0.5);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const hour of seen) shares[hour] = bestShare(cells, shares, hour);
  }
  const known = shares.filter((_, hour) => seen.has(hour));
  const mean = known.reduce((sum, share) => sum + share, 0) / known.length;
  const onlineByHour = shares.map((share, hour) => (seen.has(hour) ? share : Math.round(mean * GRID) / GRID));
  return { onlineByHour, unseenHours: HOURS - seen.size };
}

function cellsOf(waits: readonly Wait[], reactionMs: number): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  for (const { fromMs, untilMs, started } of waits) {
    const isAtOnce = started && untilMs - fromMs <= reactionMs;
    const first = Math.floor(fromMs / HOUR_MS);
    const last = isAtOnce ? first : Math.floor(untilMs / HOUR_MS);
    for (let at = first; at <= last; at += 1) {
      const hour = at % HOURS;
      const firstHour = Math.max(first, at - hour) % HOURS;
      const key = firstHour * HOURS + hour;
      const cell = cells.get(key) ?? { firstHour, hour, waiting: 0, started: 0 };
      cells.set(key, cell);
      // The hour in which nobody looks any more is not complete.
      if (at === last && !started && at > first) continue;
      cell.waiting += 1;
      if (started && at === last) cell.started += 1;
    }
  }
  return cells;
}

/** Returns the share for one hour with which the observations are most likely, while those of the others stay. */
function bestShare(cells: readonly Cell[], shares: readonly number[], hour: number): number {
  const affected = cells.filter((cell) => cell.firstHour <= hour && hour <= cell.hour);
  const trial = [...shares];
  let best = { share: shares[hour] ?? 0, likelihood: Number.NEGATIVE_INFINITY };
  for (let step = 0; step <= GRID; step += 1) {
    trial[hour] = step / GRID;
    const likelihood = affected.reduce((sum, cell) => sum + logLikelihood(cell, trial), 0);
    if (likelihood > best.likelihood) best = { share: step / GRID, likelihood };
  }
  return best.share;
}

function logLikelihood({ firstHour, hour, waiting, started }: Cell, shares: readonly number[]): number {
  const before = firstHour === hour ? 0 : Math.max(...shares.slice(firstHour, hour));
  const share = shares[hour] ?? 0;
  const chance = before >= 1 ? 0 : (share - before) / (1 - before);
  const bounded = Math.min(1 - EPSILON, Math.max(EPSILON, chance));
  return started * Math.log(bounded) + (waiting - started) * Math.log(1 - bounded);
}
