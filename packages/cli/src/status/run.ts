import { FotaError, isFotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { describeJob, type JobDescription } from "../aws/jobs.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { withTargetQueries } from "../job/target-queries.js";
import { parseTimeoutMs } from "../settings/flags.js";
import { openSink } from "../terminal/sink.js";
import { pickColumns } from "../terminal/table.js";
import { thingColumns, USUAL_COLUMNS, USUAL_CSV_COLUMNS } from "./columns.js";
import { withDetails } from "./details.js";
import { formatSummary } from "./format.js";
import { formatOverview } from "./format-overview.js";
import { readOverview } from "./overview.js";
import type { JobSummary } from "./result.js";
import { readJobState, readThing } from "./summary.js";
import { formatThing } from "./thing.js";
import { openThings } from "./things.js";
import { timeFormat, viewOf } from "./view.js";
import { exitCodeOfJob, waitForJob } from "./wait.js";
import { watchJob } from "./watch.js";
import { noteLeftOut, writeThings } from "./write-things.js";

/** Holds the options of `fota status`, as commander names them. */
export interface StatusOptions {
  things?: boolean;
  failed?: boolean;
  thing?: string;
  columns?: string;
  csv?: boolean;
  utc?: boolean;
  watch?: boolean;
  wait?: boolean;
  timeout?: string;
  waitTimeout?: string;
}

/**
 * Runs `fota status`.
 * @throws {FotaError} USAGE, JOB_NOT_FOUND, WAIT_TIMED_OUT, INTERRUPTED and translated AWS errors
 */
export async function runStatus(
  context: Context,
  job: string | undefined,
  options: StatusOptions,
): Promise<ExitCode> {
  const timeoutMs = checkOptions(context, options);
  if (job !== undefined) checkJobText(job);
  return await withIot(context, async (iot) => {
    if (job === undefined) {
      await showOverview(context, iot, options);
      return EXIT.done;
    }
    if (options.watch !== true && options.wait !== true) {
      await onJob(context, iot, job, (jobId) => showJob(context, iot, jobId, options));
      return EXIT.done;
    }
    // Find the job before following it: if it is deleted meanwhile, fota must not look for another one.
    const found = await onJob(context, iot, job, (jobId) => findJob(iot, jobId));
    const followed = await followJob(context, iot, found, options, timeoutMs);
    // A watch shows the end itself.
    if (options.watch !== true) await showJob(context, iot, found.jobId, options);
    return options.wait === true ? exitCodeOfJob(followed) : EXIT.done;
  });
}

interface FoundJob {
  jobId: string;
  /** `undefined` if the job could not be read: following waits until the outage is over. */
  first: JobDescription | undefined;
}

/** Finds the job. @throws {FotaError} JOB_NOT_FOUND, and no other */
async function findJob(iot: Iot, jobId: string): Promise<FoundJob> {
  const first = await describeJob(iot, jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) throw error;
    return undefined;
  });
  return { jobId, first };
}

async function followJob(
  context: Context,
  iot: Iot,
  { jobId, first }: FoundJob,
  { watch, utc = false }: StatusOptions,
  timeoutMs: number | undefined,
): Promise<JobSummary> {
  if (watch === true) return await watchJob(context, iot, jobId, { utc, timeoutMs, first });
  const { output, host } = context;
  const waiting = { output, signal: host.signal, timeoutMs, first };
  return await waitForJob(iot, jobId, { kind: "none" }, waiting);
}

async function showJob(context: Context, iot: Iot, jobId: string, options: StatusOptions): Promise<void> {
  const { output } = context;
  const { things, failed, thing, utc = false } = options;
  if (things === true || failed === true) return await listThings(context, iot, jobId, options);
  const view = viewOf(context, utc);
  const summary = await output.during(`reading job ${jobId}`, async () => {
    if (thing !== undefined) return (await readThing(iot, jobId, thing)).summary;
    const { summary } = await readJobState(iot, jobId, { kind: "few" });
    return await withDetails(iot, summary);
  });
  const [only] = summary.executions ?? [];
  const text =
    thing === undefined || only === undefined ? formatSummary(summary, view) : formatThing(jobId, only, view);
  output.result(summary, text);
}

/** Streams the things of a job, however many it has. */
async function listThings(context: Context, iot: Iot, jobId: string, options: StatusOptions): Promise<void> {
  const { host, output } = context;
  const { failed, columns: names, csv = false, utc = false } = options;
  const time = csv ? (iso: string) => iso : timeFormat(utc, new Date());
  const usual = csv ? USUAL_CSV_COLUMNS : USUAL_COLUMNS;
  const picked = pickColumns(thingColumns(time), usual, names);
  let tell: (text: string) => void = () => {};
  const patientIot = withThrottleRetry(iot, {
    signal: host.signal,
    onWait: (delayMs) => tell(`AWS throttles requests: continuing in ${Math.ceil(delayMs / 1000)} s`),
  });
  const during = <T>(task: () => Promise<T>) =>
    output.during(`reading the things of job ${jobId}`, (progress) => {
      tell = progress;
      return task();
    });
  const list = await during(() =>
    openThings(patientIot, jobId, failed === true ? "failed" : "all", (count) =>
      tell(`${count} things read`),
    ),
  );
  const as = output.json ? "json" : csv ? "csv" : "table";
  const sink = await openSink(host, { paged: as === "table" });
  const view = viewOf(context, utc);
  const write = () => writeThings(list, sink, { as, columns: picked, view });
  // When the list goes to the terminal, a spinner would disturb it.
  const leftOut = await (host.stdout.isTTY === true ? write() : during(write)).finally(() => sink.close());
  if (host.signal.aborted) throw new FotaError("INTERRUPTED", "interrupted; the list is incomplete");
  noteLeftOut(output, jobId, leftOut);
}

async function showOverview(context: Context, iot: Iot, { utc = false }: StatusOptions): Promise<void> {
  const { output } = context;
  const overview = await output.during("reading jobs", async () => {
    const { jobs, more } = await readOverview(iot);
    return { jobs: await withTargetQueries(iot, jobs), more };
  });
  output.result(overview, formatOverview(overview, viewOf(context, utc), { utc }));
}

/** Returns the longest time to follow the job, in milliseconds. @throws {FotaError} USAGE */
function checkOptions({ output }: Context, options: StatusOptions): number | undefined {
  const { things, failed, thing, columns, csv, watch, wait, timeout, waitTimeout } = options;
  const usage = (message: string) => new FotaError("USAGE", message);
  const kinds = [things, failed, thing].filter((option) => option !== undefined).length;
  if (kinds > 1) throw usage("--things, --failed and --thing cannot be used together");
  if (kinds > 0 && watch === true)
    throw usage("--watch shows the whole job: it takes no --things, --failed or --thing");
  if ((columns !== undefined || csv === true) && things !== true && failed !== true) {
    throw usage("--columns and --csv are for lists: --things or --failed");
  }
  if (csv === true && output.json) throw usage("--csv and --json cannot be used together");
  const given = timeout ?? waitTimeout;
  if (given === undefined) return undefined;
  const flag = timeout === undefined ? "--wait-timeout" : "--timeout";
  if (wait === true || watch === true) return parseTimeoutMs(given, flag);
  throw usage(`${flag} limits how long to wait, and neither --wait nor --watch is given`);
}
