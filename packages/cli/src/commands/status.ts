import { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { Iot } from "../aws/iot.js";
import type { Context, ContextOf } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { parseTimeoutMs } from "../settings/flags.js";
import type { JobSummary } from "../status/result.js";

interface StatusOptions {
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

const HELP = `
Without a job: the jobs that go on, and those that ended in the last 24 hours.
With one: counts, rate and expected end, where its abort rules stand, the causes
of failure, and each thing of a job that has up to 10. Causes are read of up to
20 failures, of a job with more than 1,000 executions of one; --failed reads
those of up to 250. --things tells progress and cause of up to 250 of the things
that are at it or failed.

A job has ended when AWS IoT says COMPLETED, or when it was canceled and no
thing is still at it. A continuous job counts as ended when all the executions
that it has so far have ended.

Lists on a terminal go through $FOTA_PAGER, $PAGER or less; FOTA_PAGER=cat turns
that off. Columns: thing, status, try, queued, started, updated, phase, percent,
bytes, reason, detail, running, report. In CSV and JSON times are ISO 8601.

--watch with --json, or where stdout is no terminal, prints a line for each
change. Exit codes with --wait: 0 all succeeded, 3 some did not, 1 --timeout
passed. --watch alone ends with 0.

Examples:
  $ fota status
  $ fota status fota-1b7a9c --watch
  $ fota status fota-1b7a9c --failed
  $ fota status fota-1b7a9c --things --csv > things.csv
  $ fota status fota-1b7a9c --wait --timeout 2h || fota why fota-1b7a9c`;

export function statusCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("status")
    .summary("show where a job stands, or the jobs that matter now")
    .description(
      "Show where a job stands: counts, progress and causes of failure; without a job those that go on.",
    )
    .argument("[job-id]", "as printed by `fota publish`")
    .option("--things", "list every thing")
    .option("--failed", "list the things that did not succeed, and group their causes")
    .option("--thing <name>", "show one thing in full")
    .option("--watch", "show it live until the job ends")
    .option("--wait", "follow the job to its end; exit code 3 if things did not succeed")
    .option("--timeout <duration>", "longest time to --wait or --watch: 30m, 2h")
    .option("--wait-timeout <duration>", "another name of --timeout, as `fota publish` has it")
    .option("--columns <names>", "columns of a list, with commas between them")
    .option("--csv", "print a list as CSV")
    .option("--utc", "times as dates in UTC, not relative to now")
    .addHelpText("after", HELP)
    .action(async (jobId: string | undefined, options: StatusOptions, command: Command) => {
      exitWith(await runStatus(await contextOf(command), jobId, options));
    });
}

async function runStatus(
  context: Context,
  jobId: string | undefined,
  options: StatusOptions,
): Promise<ExitCode> {
  const timeoutMs = checkOptions(context, jobId, options);
  if (jobId !== undefined) (await import("../job/job-id.js")).checkJobId(jobId);
  const access = await context.access();
  const { openIot } = await import("../aws/iot.js");
  const iot = openIot(access, context.host.signal);
  try {
    await iot.identity();
    if (jobId === undefined) {
      await showOverview(context, iot, options);
      return EXIT.done;
    }
    const watched = await followJob(context, iot, jobId, options, timeoutMs);
    // A watch shows the end itself.
    if (options.watch !== true) await showJob(context, iot, jobId, options);
    if (options.wait !== true || watched === undefined) return EXIT.done;
    const { exitCodeOfJob } = await import("../status/wait.js");
    return exitCodeOfJob(watched);
  } finally {
    iot.close();
  }
}

async function followJob(
  context: Context,
  iot: Iot,
  jobId: string,
  { watch, wait, utc = false }: StatusOptions,
  timeoutMs: number | undefined,
): Promise<JobSummary | undefined> {
  if (watch === true) {
    const { watchJob } = await import("../status/watch.js");
    return await watchJob(context, iot, jobId, { utc, timeoutMs });
  }
  if (wait !== true) return undefined;
  const { waitForJob } = await import("../status/wait.js");
  const { output, host, flags } = context;
  const waiting = { output, signal: host.signal, timeoutMs, flags };
  return await waitForJob(iot, jobId, { kind: "none" }, waiting);
}

async function showJob(context: Context, iot: Iot, jobId: string, options: StatusOptions): Promise<void> {
  const { output, flags } = context;
  const { things, failed, thing, utc = false } = options;
  if (things === true || failed === true) return await listThings(context, iot, jobId, options);
  const [{ readJobState, readThing }, { formatSummary }, { formatThing }, { viewOf }] = await Promise.all([
    import("../status/summary.js"),
    import("../status/format.js"),
    import("../status/thing.js"),
    import("../status/view.js"),
  ]);
  const view = viewOf(output, flags, utc);
  const { summary } = await output.during(`reading job ${jobId}`, () =>
    thing === undefined ? readJobState(iot, jobId, { kind: "few" }) : readThing(iot, jobId, thing, flags),
  );
  const [only] = summary.executions ?? [];
  const text =
    thing === undefined || only === undefined ? formatSummary(summary, view) : formatThing(jobId, only, view);
  output.result(summary, text);
}

/** Streams the things of a job: their number is no matter. */
async function listThings(context: Context, iot: Iot, jobId: string, options: StatusOptions): Promise<void> {
  const { host, output, flags } = context;
  const { failed, columns: names, csv = false, utc = false } = options;
  const [
    { withThrottleRetry },
    { openThings },
    { noteLeftOut, writeThings },
    columns,
    { timeFormat, viewOf },
    sinks,
    tables,
  ] = await Promise.all([
    import("../aws/throttle-retry.js"),
    import("../status/things.js"),
    import("../status/write-things.js"),
    import("../status/columns.js"),
    import("../status/view.js"),
    import("../terminal/sink.js"),
    import("../terminal/table.js"),
  ]);
  const time = csv ? (iso: string) => iso : timeFormat(utc, new Date());
  const usual = csv ? columns.USUAL_CSV_COLUMNS : columns.USUAL_COLUMNS;
  const picked = tables.pickColumns(columns.thingColumns(time), usual, names);
  let tell: (text: string) => void = () => {};
  const patientIot = withThrottleRetry(iot, {
    signal: host.signal,
    onWait: (delayMs) => tell(`AWS throttles: going on in ${Math.ceil(delayMs / 1000)} s`),
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
  const sink = await sinks.openSink(host, { paged: as === "table" });
  const view = viewOf(output, flags, utc);
  const write = () => writeThings(list, sink, { as, columns: picked, view });
  // Where the list is on the terminal itself, a spinner would be in its way.
  const leftOut = await (host.stdout.isTTY === true ? write() : during(write)).finally(() => sink.close());
  if (host.signal.aborted) throw new FotaError("INTERRUPTED", "interrupted; the list is not whole");
  noteLeftOut(output, jobId, leftOut, flags);
}

async function showOverview(context: Context, iot: Iot, { utc = false }: StatusOptions): Promise<void> {
  const { output, flags } = context;
  const [{ readOverview }, { formatOverview }, { viewOf }] = await Promise.all([
    import("../status/overview.js"),
    import("../status/format-overview.js"),
    import("../status/view.js"),
  ]);
  const overview = await output.during("reading jobs", () => readOverview(iot));
  output.result(overview, formatOverview(overview, viewOf(output, flags, utc)));
}

/** @returns longest time to follow the job @throws {FotaError} USAGE */
function checkOptions(
  { output }: Context,
  jobId: string | undefined,
  options: StatusOptions,
): number | undefined {
  const { things, failed, thing, columns, csv, watch, wait, timeout, waitTimeout } = options;
  const usage = (message: string) => new FotaError("USAGE", message);
  const kinds = [things, failed, thing].filter((option) => option !== undefined).length;
  if (kinds > 1) throw usage("--things, --failed and --thing do not go together");
  if (kinds > 0 && watch === true)
    throw usage("--watch shows the whole job: it takes no --things, --failed or --thing");
  if (jobId === undefined && (kinds > 0 || watch === true || wait === true)) {
    throw new FotaError("USAGE", "which job? none is given", { hint: "`fota list` shows the jobs" });
  }
  if ((columns !== undefined || csv === true) && things !== true && failed !== true) {
    throw usage("--columns and --csv are for lists: --things or --failed");
  }
  if (csv === true && output.json) throw usage("--csv and --json do not go together");
  const given = timeout ?? waitTimeout;
  if (given === undefined) return undefined;
  const flag = timeout === undefined ? "--wait-timeout" : "--timeout";
  if (wait === true || watch === true) return parseTimeoutMs(given, flag);
  throw usage(`${flag} says how long to --wait or --watch, which is not given`);
}
