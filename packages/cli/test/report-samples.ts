import type { JobExecutionStatus } from "@fota/shared";
import type { JobDescription } from "../src/aws/jobs.js";
import { COUNT_KEYS } from "../src/aws/jobs.js";
import type { Fleet } from "../src/fleet/result.js";
import type { ReportInput } from "../src/report/report-model.js";
import type { ShownJob } from "../src/show/result.js";
import { paceOf } from "../src/status/pace.js";
import type { ThingSummary } from "../src/status/result.js";
import { causesOf, summaryOf } from "../src/status/summary.js";
import type { Explanation } from "../src/why/result.js";
import { NO_COUNTS } from "./no-counts.js";

const BEGIN_MS = Date.UTC(2026, 10, 30, 1, 0);
const MINUTE_MS = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

export interface SampleOptions {
  /** How many executions of each status; the sum is the number of things. */
  counts: Partial<Record<JobExecutionStatus, number>>;
  job?: Partial<JobDescription>;
  explanation?: Partial<Explanation>;
  /** Name of a thing by its number. */
  nameOf?: (index: number) => string;
  detail?: string;
  fleet?: Fleet;
}

/** Returns what a report of a job with these executions would read: 100 things a minute, some minutes each. */
export function sampleInput(options: SampleOptions): ReportInput {
  const { counts, nameOf = (i) => `thermostat-${String(i).padStart(4, "0")}` } = options;
  const statuses = Object.entries(counts).flatMap(([status, count]) =>
    Array.from({ length: count }, () => status as JobExecutionStatus),
  );
  const executions = statuses.map((status, i) => executionOf(status, i, nameOf(i), options.detail));
  const lastMs = Math.max(
    BEGIN_MS,
    ...executions.map(({ lastUpdatedAt }) => Date.parse(lastUpdatedAt ?? "")),
  );
  const now = new Date(lastMs + 4 * MINUTE_MS);
  const job = { ...JOB, counts: countsOf(statuses), ...options.job };
  return {
    now,
    job,
    summary: {
      ...summaryOf(job, now.getTime()),
      ...paceOf(job, [], now.getTime()),
      ...causesOf(executions.slice(0, 5_000)),
    },
    explanation: { ...EXPLANATION, ...options.explanation },
    shown: { ...SHOWN, ...(options.job?.status !== undefined && { status: options.job.status }) },
    executions,
    detailsLeftOut: 0,
    jobs: ["fota-1-4-0-all", "fota-1-4-0", "fota-1-3-2"].map((jobId, i) => ({
      jobId,
      jobArn: `arn:aws:iot:eu-west-1:123456789012:job/${jobId}`,
      status: i === 0 ? job.status : "COMPLETED",
      continuous: false,
      createdAt: iso(BEGIN_MS - i * 86_400_000),
      description: `firmware ${i === 2 ? "1.3.2" : "1.4.0"}, image app.bin`,
      version: i === 2 ? "1.3.2" : "1.4.0",
      image: "app.bin",
      targets: [`arn:aws:iot:eu-west-1:123456789012:thinggroup/${i === 1 ? "beta" : "all"}`],
      counts: i === 0 ? job.counts : { ...NO_COUNTS, succeeded: 40 },
      total: i === 0 ? executions.length : 40,
    })),
    moreJobs: false,
    fleet: options.fleet,
    fota: (...command) => ["fota", ...command].join(" "),
    publish: {},
  };
}

function executionOf(
  status: JobExecutionStatus,
  i: number,
  thing: string,
  detail: string | undefined,
): ThingSummary {
  const queuedMs = BEGIN_MS + Math.floor(i / 100) * MINUTE_MS;
  const startedMs = queuedMs + ((i * 37) % 90) * 1000;
  const tookMs = (120 + ((i * i * 31) % 400) + (i % 53 === 0 ? 1_800 : 0)) * 1000;
  const base = { thing, status, executionNumber: 1, queuedAt: iso(queuedMs) };
  if (status === "QUEUED") return { ...base, lastUpdatedAt: iso(queuedMs) };
  const started = { ...base, startedAt: iso(startedMs), lastUpdatedAt: iso(startedMs + tookMs) };
  if (status === "IN_PROGRESS") return { ...started, phase: "downloading", percent: (i * 7) % 100 };
  if (status === "FAILED") {
    const reason = i % 4 === 0 ? "download-failed" : "self-test-failed";
    return { ...started, phase: "trial", reason, detail: detail ?? "sensor 3 does not answer" };
  }
  if (status === "TIMED_OUT") return { ...started, phase: "downloading", percent: 41 };
  return started;
}

function countsOf(statuses: readonly JobExecutionStatus[]): JobDescription["counts"] {
  const counts = { ...NO_COUNTS };
  for (const status of statuses) counts[COUNT_KEYS[status]] += 1;
  return counts;
}

const JOB: JobDescription = {
  jobId: "fota-1-4-0-all",
  jobArn: "arn:aws:iot:eu-west-1:123456789012:job/fota-1-4-0-all",
  status: "IN_PROGRESS",
  continuous: false,
  targetArns: ["arn:aws:iot:eu-west-1:123456789012:thinggroup/all"],
  pendingTargets: 0,
  counts: NO_COUNTS,
  description: "firmware 1.4.0, image app.bin",
  createdAt: new Date(BEGIN_MS),
  lastUpdatedAt: new Date(BEGIN_MS),
  completedAt: undefined,
  reasonCode: undefined,
  comment: undefined,
  forceCanceled: false,
  nextWindows: [],
  packageArns: [],
  presignedUrlConfig: undefined,
  jobExecutionsRolloutConfig: { maximumPerMinute: 100 },
  abortConfig: {
    criteriaList: [
      { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 10, minNumberOfExecutedThings: 20 },
      { failureType: "TIMED_OUT", action: "CANCEL", thresholdPercentage: 25, minNumberOfExecutedThings: 50 },
    ],
  },
  timeoutConfig: { inProgressTimeoutInMinutes: 60 },
  jobExecutionsRetryConfig: undefined,
  schedulingConfig: undefined,
};

const EXPLANATION: Explanation = {
  jobId: JOB.jobId,
  thing: null,
  cause: "in-progress",
  reason: null,
  explanation: "job fota-1-4-0-all is in progress on 120 things",
  evidence: [],
  also: [],
  unknown: [],
  next: [{ command: "fota status fota-1-4-0-all --watch", why: "shows the job live until it ends" }],
};

const SHOWN: ShownJob = {
  jobId: JOB.jobId,
  jobArn: JOB.jobArn,
  status: "IN_PROGRESS",
  description: "firmware 1.4.0, image app.bin",
  createdAt: iso(BEGIN_MS),
  forceCanceled: false,
  targets: JOB.targetArns,
  continuous: false,
  counts: NO_COUNTS,
  rollout: { rate: "100/min", abortOn: ["failed>10% after 20"], thingTimeout: "60m" },
  kind: "order",
  document: {},
  images: [
    {
      slot: 1,
      size: 524_288,
      md5: "0123456789abcdef0123456789abcdef",
      sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      url: "https://fw-releases.s3.eu-west-1.amazonaws.com/images/app.bin",
      bucket: "fw-releases",
      key: "images/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/app.bin",
      object: "matches",
      presign: "cli",
      expiresAt: iso(BEGIN_MS + 30 * MINUTE_MS),
      expired: false,
    },
  ],
  fwVersion: "1.4.0",
  model: "thermostat-v2",
  signatures: [{ key: "release-2026", verified: null }],
  legacy: [],
};
