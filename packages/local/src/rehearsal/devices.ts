import { type Draw, drawFrom } from "./draw.js";
import { assignGroups } from "./memberships.js";
import {
  DEFAULT_REACTION_SECONDS,
  DEFAULT_TRIAL_SECONDS,
  type DeviceGroup,
  type Population,
} from "./population.js";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** Days without a connection after which a device counts as one that never comes online. */
const SEARCH_DAYS = 60;
/** One tenth of a normal distribution is more than this number of standard deviations below the median. */
const TENTH = 1.281_551_565_5;

/** How a trial ends: the image stays, is reverted, hangs for good, or stays while the report of it is lost. */
type TrialOutcome = "SUCCEEDED" | "FAILED" | "hung" | "reportLost";

/** The devices of one run. Every answer depends on the seed and the arguments alone. */
export interface Devices {
  /** Returns the first time from `fromMs` on at which the device is online; `undefined` if it never is. */
  nextOnlineMs(device: number, fromMs: number): number | undefined;
  /** Returns the time from a notification to the start of an attempt, in whole milliseconds. */
  reactionMs(device: number, attempt: number): number;
  /** Returns whether the device refuses the update. */
  refuses(device: number): boolean;
  /** Returns the part of the download that the device gets in an attempt: 1, or less if the download fails. */
  downloadedPart(device: number, attempt: number): number;
  /** Returns how long a download takes, in whole milliseconds. */
  downloadMs(device: number, bytes: number): number;
  trialOutcome(device: number, attempt: number): TrialOutcome;
  /** Returns whether the report of an image that runs already is lost. */
  losesReport(device: number, attempt: number): boolean;
  /** Returns the time from the end of the download to the report, in whole milliseconds. */
  trialMs(device: number): number;
}

export function createDevices(population: Population, seed: number): Devices {
  const draw = drawFrom(seed);
  const memberships = assignGroups(population, draw);
  const groupOf = (device: number) => population.groups[memberships[device] as number] as DeviceGroup;
  const losesReport = (device: number, attempt: number) =>
    isDrawn(groupOf(device).reportLossShare, draw(device, "loss", attempt));
  return {
    nextOnlineMs: (device, fromMs) => nextOnlineMs(groupOf(device), draw, device, fromMs),
    reactionMs: (device, attempt) => {
      const { reactionSeconds = DEFAULT_REACTION_SECONDS } = groupOf(device);
      return Math.round(reactionSeconds * 1000 * (0.5 + draw(device, "reaction", attempt)));
    },
    refuses: (device) => isDrawn(groupOf(device).rejectionShare, draw(device, "outcome")),
    downloadedPart: (device, attempt) =>
      isDrawn(groupOf(device).downloadFailureShare, draw(device, "download", attempt))
        ? draw(device, "part", attempt)
        : 1,
    downloadMs: (device, bytes) => Math.ceil((bytes / bytesPerSecond(groupOf(device), draw, device)) * 1000),
    // What the image does on a device is drawn once, so that a retry ends as the first attempt did.
    trialOutcome: (device, attempt) => {
      const { rejectionShare = 0, trialFailureShare = 0, hangShare = 0 } = groupOf(device);
      const drawn = draw(device, "outcome") - rejectionShare;
      if (drawn < trialFailureShare) return "FAILED";
      if (drawn < trialFailureShare + hangShare) return "hung";
      return losesReport(device, attempt) ? "reportLost" : "SUCCEEDED";
    },
    losesReport,
    trialMs: (device) => {
      const { trialSeconds: median = DEFAULT_TRIAL_SECONDS, slowTrialSeconds = median } = groupOf(device);
      if (slowTrialSeconds === median) return Math.ceil(median * 1000);
      return Math.ceil(median * logNormal(normalOf(draw, device, "trial"), slowTrialSeconds / median) * 1000);
    },
  };
}

function isDrawn(share: number | undefined, drawn: number): boolean {
  return share !== undefined && drawn < share;
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

function bytesPerSecond({ linkSpeed }: DeviceGroup, draw: Draw, device: number): number {
  const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = linkSpeed;
  return slow === median ? median : median * logNormal(normalOf(draw, device, "speed"), median / slow);
}

/** Returns a value of a log-normal distribution with the median 1, of which one tenth is above `tenth`. */
function logNormal(normal: number, tenth: number): number {
  return Math.exp((normal * Math.log(tenth)) / TENTH);
}

/** Returns a number from a normal distribution, by the Box-Muller transform. */
function normalOf(draw: Draw, device: number, purpose: "speed" | "trial"): number {
  const distance = Math.sqrt(-2 * Math.log(1 - draw(device, purpose)));
  return distance * Math.cos(2 * Math.PI * draw(device, "angle", purpose === "speed" ? 0 : 1));
}
