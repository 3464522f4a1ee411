import { FotaError } from "@fota/shared";

/** The devices that a rehearsal updates, in place of the real ones. */
export interface Population {
  /** Number of devices, 1 to 2,000,000. */
  size: number;
  /** The parts of the population, for example one for each model or for each version that runs now. */
  groups: readonly DeviceGroup[];
}

/** Devices with the same chances. All shares are from 0 to 1. */
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
  /** Time from the end of the download to the report: installation, restart and self-test. @default 60 */
  trialSeconds?: number;
  /** Share of the attempts that the device refuses: REJECTED. @default 0 */
  rejectionShare?: number;
  /** Share of the attempts that fail during the download: FAILED, and the new image never ran. @default 0 */
  downloadFailureShare?: number;
  /** Share of the attempts that fail in the trial: the new image ran, the device reverted and reports FAILED. @default 0 */
  trialFailureShare?: number;
  /** Share of the attempts after which the device hangs: the new image ran, and nothing is reported ever again. @default 0 */
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

const SIZE_MAX = 2_000_000;
const HOURS = 24;

/** @throws {FotaError} CONFIG_INVALID */
export function checkPopulation({ size, groups }: Population): void {
  if (!Number.isInteger(size) || size < 1 || size > SIZE_MAX) {
    throw invalid(`size must be a whole number from 1 to ${SIZE_MAX}, got ${size}`);
  }
  if (groups.length === 0) throw invalid("groups must have at least one group");
  for (const group of groups) checkGroup(group);
}

function checkGroup(group: DeviceGroup): void {
  const fail = (name: string, rule: string, value: unknown) =>
    invalid(`${name} of group ${group.name} must be ${rule}, got ${JSON.stringify(value)}`);
  const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = group.linkSpeed;
  if (!(group.weight > 0 && Number.isFinite(group.weight))) throw fail("weight", "above 0", group.weight);
  if (!(median > 0 && Number.isFinite(median))) throw fail("medianBytesPerSecond", "above 0", median);
  if (!(slow > 0 && slow <= median)) throw fail("slowBytesPerSecond", "above 0 and at most the median", slow);
  const { trialSeconds = 0, onlineByHour } = group;
  if (!(trialSeconds >= 0 && Number.isFinite(trialSeconds)))
    throw fail("trialSeconds", "0 or more", trialSeconds);
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

const OUTCOME_SHARES = ["rejectionShare", "downloadFailureShare", "trialFailureShare", "hangShare"] as const;
const SHARES = [...OUTCOME_SHARES, "neverOnlineShare", "reportLossShare"] as const;

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function invalid(message: string): FotaError {
  return new FotaError("CONFIG_INVALID", `the population of a rehearsal is not valid: ${message}`);
}
