import { given } from "../given.js";
import type { Attempts } from "./attempts.js";
import type { FleetFile } from "./fleet-schema.js";
import { roundShare } from "./numbers.js";
import { estimateOnlineHours, type Wait } from "./online-hours.js";

type OnlineKeys = Pick<FleetFile["groups"][number], "onlineByHour" | "neverOnlineShare" | "reactionSeconds">;

/** A start within this time means that the device was online. */
const REACTION_MS = 60_000;
/** A device that waited for so long without a start counts as one that never comes online. */
const NEVER_MS = 3 * 86_400_000;

/** Returns the keys of a group that say when its devices are online, and how fast they react. */
export function learnOnline(
  name: string,
  devices: readonly Attempts[],
  warn: (text: string) => void,
): OnlineKeys {
  const waits: Wait[] = [];
  let never = 0;
  let looked = 0;
  for (const { job, executions } of devices) {
    const [first] = executions;
    if (first === undefined) continue;
    if (job.hasWindows) {
      warn(`${name}: ${job.jobId} has maintenance windows, so it does not tell when devices are online`);
      continue;
    }
    const { queuedMs, startedMs } = first;
    const untilMs = startedMs ?? (first.status === "QUEUED" ? job.seenUntilMs : first.lastUpdatedMs);
    if (startedMs === undefined && untilMs - queuedMs < NEVER_MS) {
      if (untilMs - queuedMs > REACTION_MS) waits.push({ fromMs: queuedMs, untilMs, started: false });
      continue; // Canceled or removed before it could tell.
    }
    looked += 1;
    if (startedMs === undefined) never += 1;
    else waits.push({ fromMs: queuedMs, untilMs, started: true });
  }
  const online = estimateOnlineHours(waits, REACTION_MS);
  if (online !== undefined && online.unseenHours > 0) {
    warn(
      `${name}: no device was seen in ${online.unseenHours} hours of the day; they got the mean of the others`,
    );
  }
  const quick = waits.filter(({ fromMs, untilMs, started }) => started && untilMs - fromMs <= REACTION_MS);
  const meanMs = quick.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0) / quick.length;
  return given({
    onlineByHour: online?.onlineByHour,
    neverOnlineShare: never === 0 ? undefined : roundShare(never / looked),
    reactionSeconds: quick.length === 0 ? undefined : Math.round(meanMs / 100) / 10,
  });
}
