import { FotaError, JOB_STATUSES, type JobStatus } from "@fota/shared";
import { parseTargets, type Target } from "../job/targets.js";
import { parseDurationSeconds } from "../settings/flags.js";

/**
 * Says which jobs take a request for details beyond AWS's list. With "newest", only the newest 100, and only if the
 * credentials in use may read them.
 */
export type Details = "none" | "newest" | "all";

/** Says which jobs to list. */
export interface ListQuery {
  statuses: JobStatus[];
  target: Target | undefined;
  since: Date | undefined;
  limit: number;
  details: Details;
}

export interface ListOptions {
  status?: string;
  target?: string;
  since?: string;
  limit?: string;
  counts?: boolean;
}

const LIMIT_DEFAULT = 20;
export const LIMIT_MAX = 10_000;

/** Parses the options. @throws {FotaError} USAGE, TARGET_INVALID */
export function listQuery(options: ListOptions, now: Date): ListQuery {
  const { status, target, since, limit, counts = false } = options;
  return {
    statuses: status === undefined ? [] : parseStatuses(status),
    target: target === undefined ? undefined : parseTargets([target], 1)[0],
    since: since === undefined ? undefined : parseSince(since, now),
    limit: limit === undefined ? LIMIT_DEFAULT : parseLimit(limit),
    details: counts ? "all" : "none",
  };
}

/** Parses statuses as AWS spells them, or in lower case with `-`. */
function parseStatuses(text: string): JobStatus[] {
  const wanted = text.split(",").map((word) => word.trim().toUpperCase().replaceAll("-", "_"));
  return [...new Set(wanted)].map((word) => {
    const status = JOB_STATUSES.find((known) => known === word);
    if (status !== undefined) return status;
    throw new FotaError("USAGE", `${JSON.stringify(text)} is not a job status`, {
      hint: `give --status one or more of ${JOB_STATUSES.join(", ").toLowerCase().replaceAll("_", "-")}`,
    });
  });
}

/** Parses an age or a date; a date without a zone is UTC. */
function parseSince(text: string, now: Date): Date {
  const seconds = /[smhd]$/.test(text) ? parseDurationSeconds(text) : undefined;
  if (seconds !== undefined) return new Date(now.getTime() - seconds * 1000);
  const isDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.test(text);
  const zoned = /(Z|\d[+-]\d\d:\d\d)$/.test(text) || text.length === 10 ? text : `${text}Z`;
  const time = new Date(zoned.replace(" ", "T"));
  if (isDate && !Number.isNaN(time.getTime())) return time;
  throw new FotaError("USAGE", `--since takes a duration or a date, got ${JSON.stringify(text)}`, {
    hint: 'write 90m, 2h, 7d, 2026-11-24 or "2026-11-24 05:00" (UTC)',
  });
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new FotaError(
    "USAGE",
    `--limit must be a number from 1 to ${LIMIT_MAX}, got ${JSON.stringify(text)}`,
  );
}
