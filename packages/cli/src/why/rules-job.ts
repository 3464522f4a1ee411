import { CAUSE_MEANINGS, isCause } from "./cause-meanings.js";
import { counted, type Evidence, type JobRule } from "./finding.js";
import { targetsOf } from "./rules-absent.js";

export const groupEmpty: JobRule = ({ job }, { fota }) => {
  const total = Object.values(job.counts).reduce((sum, count) => sum + count, 0);
  if (total > 0 || job.pendingTargets > 0 || job.status === "SCHEDULED" || job.status === "CANCELED")
    return undefined;
  return {
    cause: "group-empty",
    sentence: job.continuous
      ? `no thing has job ${job.jobId}: its groups are empty, and it waits for things to join`
      : `no thing has job ${job.jobId}: its groups were empty when AWS IoT took down their things`,
    evidence: [
      ["targets", targetsOf(job.targetArns)],
      ["selection", job.continuous ? "CONTINUOUS" : "SNAPSHOT"],
    ],
    next: job.continuous
      ? [{ command: fota(`status ${job.jobId} --wait`), why: "tells when one has joined" }]
      : [
          {
            command: fota(`promote ${job.jobId} --to <thing or group:name>`),
            why: "orders the same image for things that are there",
          },
        ],
  };
};

export const thingsFailed: JobRule = ({ job, failures }, { fota }) => {
  const [top] = failures;
  const { failed, timedOut, rejected } = job.counts;
  const total = Object.values(job.counts).reduce((sum, count) => sum + count, 0);
  if (top === undefined) return undefined;
  const { status, reason, detail, things } = top;
  const meaning = isCause(reason ?? undefined)
    ? CAUSE_MEANINGS[reason as keyof typeof CAUSE_MEANINGS]
    : undefined;
  const what =
    meaning?.what ?? detail ?? (status === "TIMED_OUT" ? "its timer ran out" : "no cause was given");
  const example = things[0] ?? "";
  const groups = failures.map(
    (each): Evidence => [
      `${each.count}×`,
      `${each.reason ?? each.status}, such as ${each.things.join(", ")}`,
    ],
  );
  return {
    cause: "things-failed",
    ...(reason !== null && { reason }),
    sentence: `${failed + timedOut + rejected} of ${counted(total, "execution")} failed, most often ${reason ?? status}: ${what}`,
    evidence: groups,
    next: [
      { command: fota(`why ${job.jobId} --thing ${example}`), why: "tells more of one of them" },
      { command: null, why: meaning?.advice ?? "look at the devices' own logs" },
      { command: fota(`retry ${job.jobId}`), why: "orders the image again, once the cause is mended" },
    ],
  };
};

/** With what holds up the one that was looked at. */
export const jobInProgress: JobRule = ({ job }, { fota }) => {
  const { inProgress, queued, succeeded } = job.counts;
  if (inProgress + queued === 0) return undefined;
  const parts = [`${inProgress} at it`, `${queued} waiting`, `${succeeded} done`];
  return {
    cause: inProgress > 0 ? "in-progress" : "things-waiting",
    sentence:
      inProgress > 0
        ? `all is well: job ${job.jobId} is in progress, ${parts.join(", ")}`
        : `${counted(queued, "thing waits", "things wait")}: no device has taken job ${job.jobId} up`,
    next: [{ command: fota(`status ${job.jobId} --wait`), why: "follows it to its end" }],
  };
};

/** What is left: executions ended otherwise than well, and not by failure. */
export const othersEnded: JobRule = ({ job }, { fota }) => {
  const { succeeded, removed, canceled } = job.counts;
  return {
    cause: removed >= canceled ? "removed" : "canceled",
    sentence: `job ${job.jobId} is ${job.status}: ${succeeded} succeeded, ${removed} were taken off it, ${canceled} were canceled`,
    next: [{ command: fota(`status ${job.jobId} --things`), why: "shows which" }],
  };
};
