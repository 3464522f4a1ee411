import { formatBytes } from "../terminal/format.js";
import type { RehearsalResult } from "./result.js";

/** As in the fleet file. */
const TRIAL_SECONDS_DEFAULT = 60;

const SHORT_SECONDS = 600;

/** Formats seconds as in `45s`, `1m 40s`, `35m`, `2h 10m`, `3d 4h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < SHORT_SECONDS && whole % 60 !== 0) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const [hours, restMinutes] = [Math.floor(minutes / 60), minutes % 60];
  if (hours < 48) return restMinutes === 0 ? `${hours}h` : `${hours}h ${restMinutes}m`;
  const [days, restHours] = [Math.floor(hours / 24), hours % 24];
  return restHours === 0 ? `${days}d` : `${days}d ${restHours}h`;
}

export function countDevices(count: number): string {
  return count === 1 ? "1 device" : `${count} devices`;
}

export function countRuns(count: number): string {
  return count === 1 ? "1 run" : `${count} runs`;
}

/** Returns "the run" if there is only one. */
export function ofRuns(count: number, all: number): string {
  return all === 1 ? "the run" : `${count} of ${all} runs`;
}

/** Describes a group of devices in one line. */
export function groupText(group: RehearsalResult["groups"][number]): string {
  const {
    name,
    weight,
    linkSpeed,
    trialSeconds = TRIAL_SECONDS_DEFAULT,
    onlineByHour,
    neverOnlineShare,
  } = group;
  const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = linkSpeed;
  const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;
  const shares = SHARE_TEXTS.flatMap(([key, text]) => {
    const share = group[key] ?? 0;
    return share === 0 ? [] : `${percent(share)} ${text}`;
  });
  return [
    `${name} (${countDevices(weight)}): ${formatBytes(median)}/s${slow < median ? `, one in ten below ${formatBytes(slow)}/s` : ""}`,
    `trial ${formatDuration(trialSeconds)}`,
    onlineByHour === undefined
      ? "always online"
      : `online ${percent(Math.min(...onlineByHour))} to ${percent(Math.max(...onlineByHour))} by hour`,
    ...(neverOnlineShare ? [`${percent(neverOnlineShare)} never online`] : []),
    ...(shares.length === 0 ? ["no failures"] : shares),
  ].join(", ");
}

const SHARE_TEXTS = [
  ["rejectionShare", "refuse"],
  ["downloadFailureShare", "of the downloads fail"],
  ["trialFailureShare", "fail their trial"],
  ["hangShare", "hang"],
  ["reportLossShare", "of the reports are lost"],
] as const;

/** Makes a sentence of a text: a capital letter and a period. Options keep their spelling. */
export function sentence(text: string): string {
  const first = text.startsWith("--") ? text.slice(0, 1) : text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}.`;
}
