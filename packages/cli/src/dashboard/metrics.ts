import { COUNT_KEYS } from "../aws/jobs.js";
import type { Fleet } from "../fleet/result.js";
import type { AbortRule, JobSummary, Overview } from "../status/result.js";
import type { MetricFamily, Sample } from "./metrics-text.js";
import type { RequestCount } from "./request-counts.js";
import type { Reading } from "./source.js";

/** What /metrics shows. */
export interface MetricFacts {
  fotaVersion: string;
  overview: Reading<Overview>;
  fleet: Reading<Fleet>;
  requests: readonly RequestCount[];
  /** Counts this scrape, too. */
  scrapes: number;
  openStreams: number;
}

/** More pairs of version and model than this are summed up, so that a scrape stays small whatever devices report. */
const FLEET_SAMPLES_MAX = 100;

/** Returns all metrics. Their names and labels are part of the interface: docs/dashboard.md lists them. */
export function metricFamilies(facts: MetricFacts): MetricFamily[] {
  const { overview, fleet, requests } = facts;
  return [
    gauge("fota_build_info", "Version of the dashboard.", [
      { labels: { version: facts.fotaVersion }, value: 1 },
    ]),
    ...jobFamilies(overview.value?.jobs ?? []),
    ...fleetFamilies(fleet.value),
    gauge(
      "fota_dashboard_read_success",
      "1 if the last read of this part succeeded.",
      parts(facts, ({ readAt, fault }) => (fault === undefined ? (readAt === undefined ? undefined : 1) : 0)),
    ),
    gauge(
      "fota_dashboard_read_timestamp_seconds",
      "When this part was last read successfully, in Unix time.",
      parts(facts, ({ readAt }) => seconds(readAt)),
    ),
    counter(
      "fota_dashboard_aws_requests_total",
      "Requests to AWS by operation and outcome: ok, throttled or error.",
      requests.map(({ service, operation, outcome, count }) => ({
        labels: { service, operation, outcome },
        value: count,
      })),
    ),
    counter("fota_dashboard_scrapes_total", "Answered scrapes, with this one.", [{ value: facts.scrapes }]),
    gauge("fota_dashboard_streams", "Pages that are open and follow changes.", [
      { value: facts.openStreams },
    ]),
  ];
}

function jobFamilies(jobs: readonly JobSummary[]): MetricFamily[] {
  const each = (read: (job: JobSummary) => number | undefined): Sample[] =>
    jobs.flatMap((job) => sample({ job: job.jobId }, read(job)));
  const ofRules = (read: (rule: AbortRule) => number | null): Sample[] =>
    jobs.flatMap(({ jobId, abort = [] }) =>
      abort.flatMap((rule, i) => {
        const labels = { job: jobId, rule: String(i + 1), failure_type: rule.failureType };
        return sample(labels, read(rule) ?? undefined);
      }),
    );
  return [
    gauge(
      "fota_job_info",
      "1 for each job in progress and each one that ended in the last 24 hours.",
      jobs.map(({ jobId, status, version = "", continuous }) => ({
        labels: { job: jobId, status, version, continuous: String(continuous) },
        value: 1,
      })),
    ),
    gauge(
      "fota_job_executions",
      "Job executions by status; each retry on a thing counts again.",
      jobs.flatMap(({ jobId, counts }) =>
        Object.entries(COUNT_KEYS).map(([status, key]) => ({
          labels: { job: jobId, status },
          value: counts[key],
        })),
      ),
    ),
    gauge(
      "fota_job_ended_per_minute",
      "Job executions that end per minute, since the job began.",
      each(({ ratePerMinute }) => ratePerMinute),
    ),
    gauge(
      "fota_job_created_timestamp_seconds",
      "When the job was created, in Unix time.",
      each(({ createdAt }) => seconds(createdAt)),
    ),
    gauge(
      "fota_job_expected_end_timestamp_seconds",
      "When the job ends at its current rate, in Unix time.",
      each(({ expectedEnd }) => seconds(expectedEnd)),
    ),
    gauge(
      "fota_job_abort_percent",
      "Failures that an abort rule counts, in percent of the ended executions.",
      ofRules(({ percent }) => percent),
    ),
    gauge(
      "fota_job_abort_threshold_percent",
      "Percentage at which the abort rule cancels the job.",
      ofRules(({ thresholdPercent }) => thresholdPercent),
    ),
  ];
}

function fleetFamilies(fleet: Fleet | undefined): MetricFamily[] {
  if (fleet === undefined) return [];
  const { behind, failed, stuck, connected } = fleet;
  const one = (value: number | undefined) => sample({}, value);
  return [
    gauge("fota_fleet_things", "Things by the version that they run and their model.", fleetSamples(fleet)),
    gauge("fota_fleet_behind", "Things below the most common version of their model.", one(behind)),
    gauge("fota_fleet_failed", "Things whose last job did not succeed.", one(failed)),
    gauge("fota_fleet_stuck", "Things whose last job has been in progress for a day.", one(stuck)),
    gauge("fota_fleet_connected", "Things that are connected, if AWS IoT indexes that.", one(connected)),
  ];
}

function fleetSamples({ versions }: Fleet): Sample[] {
  const pairs = versions
    .flatMap(({ version, models }) => models.map(({ model, things }) => ({ version, model, things })))
    .sort((a, b) => b.things - a.things);
  return summed(
    pairs.map(({ version, model, things }, i) => {
      const isOther = i >= FLEET_SAMPLES_MAX;
      const labels = { version: version ?? "unknown", model: model ?? "unknown" };
      return { labels: isOther ? { version: "other", model: "other" } : labels, value: things };
    }),
  );
}

/** Sums up samples with the same labels: Prometheus refuses a scrape that has two. */
function summed(samples: readonly { labels: Record<string, string>; value: number }[]): Sample[] {
  const found = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const { labels, value } of samples) {
    const key = JSON.stringify(labels);
    found.set(key, { labels, value: (found.get(key)?.value ?? 0) + value });
  }
  return [...found.values()];
}

function parts(
  { overview, fleet }: MetricFacts,
  read: (reading: Reading<unknown>) => number | undefined,
): Sample[] {
  return [...sample({ part: "jobs" }, read(overview)), ...sample({ part: "fleet" }, read(fleet))];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: "gauge", samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: "counter", samples };
}

function sample(labels: Record<string, string>, value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels, value }];
}

function seconds(time: Date | string | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime() / 1000;
}
