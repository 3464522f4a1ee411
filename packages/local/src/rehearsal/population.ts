import { FotaError } from "@fota/shared";

/** The devices that a rehearsal updates, in place of the real ones. */
export interface Population {
  /** Number of devices, 1 to 2,000,000. */
  size: number;
  /** The parts of the population, for example one for each model or for each version that runs now. */
  groups: readonly DeviceGroup[];
}

/**
 * Devices with the same chances. All shares are from 0 to 1. What an image does on a device is the same in each attempt:
 * a device whose trial fails fails again in each retry. A failed download and a lost report are drawn for each attempt.
 */
export interface DeviceGroup {
  name: string;
  /** Part of the population; the weights of all groups are added up, so they may have any sum. */
  weight: number;
  /**
   * Share of the devices that are online in each hour of the day in UTC: 24 numbers. A device draws once for each day,
   * and is then online in the hours with the larger shares.
   * @default always online
   */
  onlineByHour?: readonly number[];
  /** Share of the devices that never come online. @default 0 */
  neverOnlineShare?: number;
  linkSpeed: LinkSpeed;
  /** Mean time from the notification to IN_PROGRESS; it varies by half of it. @default 0.5 */
  reactionSeconds?: number;
  /** Time from the end of the download to the report: installation, restart and self-test. @default 60 */
  trialSeconds?: number;
  /** One device in ten takes longer for that. @default trialSeconds, so that all devices take the same time */
  slowTrialSeconds?: number;
  /** Share of the devices that refuse the update: REJECTED. @default 0 */
  rejectionShare?: number;
  /** Share of the downloads that fail: FAILED, and the new image did not run. @default 0 */
  downloadFailureShare?: number;
  /** Share of the devices whose trial fails: the new image ran, the device reverted and reports FAILED. @default 0 */
  trialFailureShare?: number;
  /** Share of the devices that hang in the trial: the new image ran, and nothing is reported ever again. @default 0 */
  hangShare?: number;
  /** Share of the successful attempts whose report never arrives. @default 0 */
  reportLossShare?: number;
}

/** A log-normal distribution of download rates. */
export interface LinkSpeed {
  /** Half of the devices are slower. */
  medianBytesPerSecond: number;
  /** One device in ten is slower. @default the median, so that all devices are equally fast */
  slowBytesPerSecond?: number;
}

export const DEFAULT_REACTION_SECONDS = 0.5;
export const DEFAULT_TRIAL_SECONDS = 60;
const SIZE_MAX = 2_000_000;
const GROUPS_MAX = 1000;
const HOURS = 24;

/** @throws {FotaError} CONFIG_INVALID */
export function checkPopulation({ size, groups }: Population): void {
  if (!Number.isInteger(size) || size < 1 || size > SIZE_MAX) {
    throw invalid(`size must be a whole number from 1 to ${SIZE_MAX}, got ${size}`);
  }
  if (groups.length === 0 || groups.length > GROUPS_MAX) {
    throw invalid(`groups must have 1 to ${GROUPS_MAX} groups, got ${groups.length}`);
  }
  for (const group of groups) checkGroup(group);
}

function checkGroup(group: DeviceGroup): void {
  const fail = (name: string, rule: string, value: unknown) =>
    invalid(`${name} of group ${group.name} must be ${rule}, got ${JSON.stringify(value)}`);
  const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = group.linkSpeed;
  if (!(group.weight > 0 && Number.isFinite(group.weight))) throw fail("weight", "above 0", group.weight);
  if (!(median > 0 && Number.isFinite(median))) throw fail("medianBytesPerSecond", "above 0", median);
  if (!(slow > 0 && slow <= median)) throw fail("slowBytesPerSecond", "above 0 and at most the median", slow);
  const { reactionSeconds = 0, trialSeconds = DEFAULT_TRIAL_SECONDS, onlineByHour } = group;
  const { slowTrialSeconds = trialSeconds } = group;
  for (const [name, seconds] of Object.entries({ reactionSeconds, trialSeconds, slowTrialSeconds })) {
    if (!(seconds >= 0 && Number.isFinite(seconds))) throw fail(name, "0 or more", seconds);
  }
  if (slowTrialSeconds < trialSeconds || (trialSeconds === 0 && slowTrialSeconds > 0)) {
    throw fail("slowTrialSeconds", "at least trialSeconds, which must be above 0", slowTrialSeconds);
  }
  if (onlineByHour !== undefined && (onlineByHour.length !== HOURS || !onlineByHour.every(isShare))) {
    throw fail("onlineByHour", `${HOURS} numbers from 0 to 1`, onlineByHour);
  }
  for (const name of SHARES) {
    const share = group[name] ?? 0;
    if (!isShare(share)) throw fail(name, "a number from 0 to 1", share);
  }
  const sum = OUTCOME_SHARES.reduce((total, name) => total + (group[name] ?? 0), 0);
  if (sum > 1 + 1e-9) throw fail(`the sum of ${OUTCOME_SHARES.join(", ")}`, "at most 1", sum);
}

/** A device has at most one of these. */
const OUTCOME_SHARES = ["rejectionShare", "trialFailureShare", "hangShare"] as const;
const SHARES = [...OUTCOME_SHARES, "downloadFailureShare", "neverOnlineShare", "reportLossShare"] as const;

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function invalid(message: string): FotaError {
  return new FotaError("CONFIG_INVALID", `the population of a rehearsal is not valid: ${message}`);
}
