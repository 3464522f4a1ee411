import { type Draw, drawFrom } from "./draw.js";
import type { DeviceGroup, Population } from "./population.js";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** A device that is not online for so many days counts as one that never comes online. */
const SEARCH_DAYS = 60;
/** One tenth of a normal distribution is more than so many standard deviations below the median. */
const TENTH = 1.281_551_565_5;
const DEFAULT_TRIAL_SECONDS = 60;

/** What happens when a device tries to update itself. */
export type AttemptOutcome =
  | "REJECTED"
  | "downloadFailed"
  | "trialFailed"
  | "hung"
  | "reportLost"
  | "SUCCEEDED";

/** The devices of one run. Every answer depends on the seed and the arguments alone. */
export interface Devices {
  /** Returns the first time from `fromMs` on at which the device is online; `undefined` if it never is. */
  nextOnlineMs(device: number, fromMs: number): number | undefined;
  outcomeOf(device: number, attempt: number): AttemptOutcome;
  /** Returns what the device downloads in an attempt; a failed download ends anywhere. */
  downloadBytes(device: number, attempt: number): number;
  /** Returns how long a download takes, in whole milliseconds. */
  downloadMs(device: number, bytes: number): number;
  /** Returns the time from the end of the download to the report, in whole milliseconds. */
  trialMs(device: number): number;
}

export function createDevices(population: Population, imageBytes: number, seed: number): Devices {
  const draw = drawFrom(seed);
  const groupOf = groupFinder(population.groups, draw);
  const outcomeOf = (device: number, attempt: number) => drawOutcome(groupOf(device), draw, device, attempt);
  return {
    outcomeOf,
    nextOnlineMs: (device, fromMs) => nextOnlineMs(groupOf(device), draw, device, fromMs),
    downloadBytes: (device, attempt) =>
      outcomeOf(device, attempt) === "downloadFailed"
        ? Math.floor(imageBytes * draw(device, "part", attempt))
        : imageBytes,
    downloadMs: (device, bytes) => Math.ceil((bytes / bytesPerSecond(groupOf(device), draw, device)) * 1000),
    trialMs: (device) => Math.ceil((groupOf(device).trialSeconds ?? DEFAULT_TRIAL_SECONDS) * 1000),
  };
}

function groupFinder(groups: readonly DeviceGroup[], draw: Draw): (device: number) => DeviceGroup {
  const last = groups.at(-1) as DeviceGroup;
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  return (device) => {
    let rest = draw(device, "group") * total;
    for (const group of groups) {
      rest -= group.weight;
      if (rest < 0) return group;
    }
    return last;
  };
}

function nextOnlineMs(
  { neverOnlineShare = 0, onlineByHour }: DeviceGroup,
  draw: Draw,
  device: number,
  fromMs: number,
): number | undefined {
  if (draw(device, "never") < neverOnlineShare) return undefined;
  if (onlineByHour === undefined) return fromMs;
  const firstHour = Math.floor(fromMs / HOUR_MS);
  for (let hour = firstHour; hour < firstHour + SEARCH_DAYS * DAY_HOURS; hour += 1) {
    const share = onlineByHour[hour % DAY_HOURS] ?? 0;
    if (draw(device, "online", Math.floor(hour / DAY_HOURS)) >= share) continue;
    // A device that comes online in a later hour does so at any time of it, so that not all come at once.
    return hour === firstHour ? fromMs : hour * HOUR_MS + Math.floor(draw(device, "arrival", hour) * HOUR_MS);
  }
  return undefined;
}

function drawOutcome(group: DeviceGroup, draw: Draw, device: number, attempt: number): AttemptOutcome {
  const { rejectionShare = 0, downloadFailureShare = 0, trialFailureShare = 0, hangShare = 0 } = group;
  const drawn = draw(device, "outcome", attempt);
  let limit = rejectionShare;
  if (drawn < limit) return "REJECTED";
  limit += downloadFailureShare;
  if (drawn < limit) return "downloadFailed";
  limit += trialFailureShare;
  if (drawn < limit) return "trialFailed";
  limit += hangShare;
  if (drawn < limit) return "hung";
  return draw(device, "loss", attempt) < (group.reportLossShare ?? 0) ? "reportLost" : "SUCCEEDED";
}

function bytesPerSecond({ linkSpeed }: DeviceGroup, draw: Draw, device: number): number {
  const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = linkSpeed;
  if (slow === median) return median;
  // Box-Muller transform: a number from a normal distribution.
  const distance = Math.sqrt(-2 * Math.log(1 - draw(device, "speed")));
  const normal = distance * Math.cos(2 * Math.PI * draw(device, "angle"));
  return median * Math.exp((normal * Math.log(median / slow)) / TENTH);
}
