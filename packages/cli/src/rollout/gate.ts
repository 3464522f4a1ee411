import { FotaError } from "@fota/shared";
import { parseDurationSeconds } from "../settings/flags.js";
import { formatSeconds, formatTime } from "../terminal/format.js";
import type { PlannedGate } from "./plan-schema.js";

/** Says when a stage lets the next one start. */
export interface GateRule {
  successPercent: number;
  afterPercent: number;
  minThings: number;
  soakSeconds: number;
  /** Holds the program and its arguments; `undefined`: no command is asked. */
  command: readonly string[] | undefined;
  timeoutSeconds: number;
  onTimeout: "fail" | "judge";
  onFail: "leave" | "cancel";
}

/** Holds what is known of a stage's job when its gate decides. All times are AWS's. */
export interface GateFacts {
  /** The job's status as AWS spells it. */
  status: string;
  /** Says why the job was canceled, if that is known. */
  reason?: string | undefined;
  /** True when AWS has created an execution for each thing. */
  reachedAll: boolean;
  /** True when things may still join. */
  continuous: boolean;
  /** Counts things by the outcome of their last attempt: failed includes timed out and rejected. */
  succeeded: number;
  failed: number;
  /** Counts things that are queued or in progress. */
  pending: number;
  /** The time when the job was created, or when its schedule starts. */
  startedAt: Date;
  /** The time when enough things had ended; `undefined` if they have not, or if the rule does not need it. */
  enoughEndedAt?: Date | undefined;
  now: Date;
}

export type GateVerdict =
  /** `until` is when the answer changes if nothing else does. */
  | { kind: "wait"; text: string; until?: Date }
  /** Everything but the command is met; the gate closes at `deadline` if the command does not decide until then. */
  | { kind: "ask"; text: string; deadline: Date }
  | { kind: "open"; text: string }
  | { kind: "closed"; text: string };

const TIMEOUT_DEFAULT_SECONDS = 7 * 86_400;
const LONGEST_SECONDS = 365 * 86_400;

/** Parses the gate of a stage. @throws {FotaError} CONFIG_INVALID, naming the key */
export function parseGate(gate: PlannedGate, place: string): GateRule {
  const { success = "100%", after = "100%", minThings = 1, soak = "0s", timeout } = gate;
  return {
    successPercent: parsePercent(success, `${place}.success`),
    afterPercent: parsePercent(after, `${place}.after`),
    minThings,
    soakSeconds: parseDuration(soak, `${place}.soak`),
    command: gate.command,
    timeoutSeconds:
      timeout === undefined ? TIMEOUT_DEFAULT_SECONDS : parseDuration(timeout, `${place}.timeout`),
    onTimeout: gate.onTimeout ?? "fail",
    onFail: gate.onFail ?? "leave",
  };
}

function parsePercent(text: string, place: string): number {
  const [, number = ""] = /^(\d{1,3}(?:\.\d{1,2})?) ?%$/.exec(text.trim()) ?? [];
  const percent = Number(number);
  if (number !== "" && percent > 0 && percent <= 100) return percent;
  throw new FotaError("CONFIG_INVALID", `${place} must be a percentage, got ${JSON.stringify(text)}`, {
    hint: "write 98% or 99.5%, above 0% and up to 100%",
  });
}

function parseDuration(text: string, place: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds <= LONGEST_SECONDS) return seconds;
  throw new FotaError(
    "CONFIG_INVALID",
    `${place} must be a duration of at most 365d, got ${JSON.stringify(text)}`,
    {
      hint: "write 90s, 30m, 2h or 3d",
    },
  );
}

/** Returns how many of the things must have ended before the gate decides. */
export function endedNeeded(
  { afterPercent, minThings }: Pick<GateRule, "afterPercent" | "minThings">,
  total: number,
): number {
  // 98 percent of 50 is 49, and not the 49.00000001 that floating point makes of it.
  return Math.max(minThings, Math.ceil(Math.round(afterPercent * total * 100) / 10_000));
}

/**
 * Decides whether the next stage may start. A thing that was canceled or that left the group counts neither way. The
 * gate closes early when the required share can no longer be reached.
 */
export function judgeGate(rule: GateRule, facts: GateFacts): GateVerdict {
  const { status, succeeded, failed, pending, reachedAll, now } = facts;
  if (status === "CANCELED" || status === "DELETION_IN_PROGRESS") {
    const why = facts.reason === undefined ? "" : `: ${facts.reason}`;
    return { kind: "closed", text: `the job is ${status}${why}` };
  }
  const ended = succeeded + failed;
  const total = ended + pending;
  if (reachedAll && total > 0 && !hasPercent(succeeded + pending, total, rule.successPercent)) {
    return { kind: "closed", text: `${failed} of ${total} failed, ${required(rule)}` };
  }
  const isOver = reachedAll && pending === 0 && !facts.continuous;
  const needed = endedNeeded(rule, total);
  if (isOver && ended < rule.minThings) {
    const text = `${things(ended)} ended, minThings is ${rule.minThings}`;
    return { kind: "closed", text: total === 0 ? "the job reached no thing" : text };
  }
  const timeoutAt = addSeconds(facts.startedAt, rule.timeoutSeconds);
  const isEnough = reachedAll && ended >= needed;
  const hasShare = hasPercent(succeeded, ended, rule.successPercent);
  const share = `${succeeded} of ${things(ended)} succeeded, ${required(rule)}`;
  if (!isEnough || !hasShare) {
    const count = `${ended} of ${things(total)} ended${reachedAll ? `, ${needed} must have` : " so far"}`;
    const missing = isEnough ? share : count;
    if (now < timeoutAt) return { kind: "wait", text: missing, until: timeoutAt };
    const late = `${formatSeconds(rule.timeoutSeconds)} after the start`;
    if (rule.onTimeout === "fail" || ended < rule.minThings) {
      return { kind: "closed", text: `${missing}, ${late}` };
    }
    if (!hasShare) return { kind: "closed", text: `${share}, ${late}` };
  }
  const outcome = `${succeeded} of ${things(ended)} succeeded`;
  const since = isEnough ? (facts.enoughEndedAt ?? facts.startedAt) : timeoutAt;
  const soakedAt = addSeconds(since, rule.soakSeconds);
  // AWS's clock is known to the second: without a soak, `now` may seem to be before the last report.
  if (rule.soakSeconds > 0 && now < soakedAt) {
    const end = formatTime(soakedAt.toISOString());
    return { kind: "wait", text: `${outcome}, soaking until ${end}`, until: soakedAt };
  }
  const soaked = rule.soakSeconds === 0 ? outcome : `${outcome}, soaked ${formatSeconds(rule.soakSeconds)}`;
  if (rule.command === undefined) return { kind: "open", text: soaked };
  return { kind: "ask", text: soaked, deadline: addSeconds(soakedAt, rule.timeoutSeconds) };
}

function required({ successPercent }: GateRule): string {
  return `the gate requires ${successPercent} %`;
}

function things(count: number): string {
  return count === 1 ? "1 thing" : `${count} things`;
}

/** Compares in whole numbers: 201 of 400 is 50.25 percent, and not the 50.24999999 that floating point makes of it. */
function hasPercent(part: number, whole: number, percent: number): boolean {
  return whole > 0 && part * 10_000 >= Math.round(percent * 100) * whole;
}

function addSeconds(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}
