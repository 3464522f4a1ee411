import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { StatusOptions } from "../status/run.js";
import { givenJob, JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Without a job: the jobs that go on, and those that ended in the last 24 hours.
With one: counts, rate and expected end, where its abort rules stand, the causes
of failure, and each thing of a job that has up to 10. Causes are read of up to
20 failures, of a job with more than 1,000 executions of one; --failed reads
those of up to 250. --things tells progress and cause of up to 250 of the things
in progress or failed.

A job has ended when AWS IoT says COMPLETED, or when it was canceled and no
thing is still in progress. A continuous job counts as ended when all the executions
that it has so far have ended.

Lists on a terminal go through $FOTA_PAGER, $PAGER or less; FOTA_PAGER=cat turns
that off. Columns: thing, status, try, queued, started, updated, phase, percent,
bytes, reason, detail, running, report. In CSV and JSON times are ISO 8601.

--watch with --json, or where stdout is no terminal, prints a line for each
change. Exit codes with --wait: 0 all succeeded, 3 some did not, 1 --timeout
passed. --watch alone ends with 0.

Examples:
  $ fota status
  $ fota status fota-1-4-0 --watch
  $ fota status fota-1-4-0 --failed
  $ fota status fota-1-4-0 --things --csv > things.csv
  $ fota status fota-1-4-0 --wait --timeout 2h || fota why fota-1-4-0`;

export function statusCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("status")
    .summary("show where a job stands, or the jobs in progress or recently ended")
    .description(
      "Show where a job stands: counts, progress and causes of failure; without a job those that go on.",
    )
    .argument("[job-id]", JOB_ARGUMENT)
    .option("--things", "list every thing")
    .option("--failed", "list the things that did not succeed, and group their causes")
    .option("--thing <name>", "show one thing in full")
    .option("--watch", "show it live until the job ends")
    .option("--wait", "follow the job to its end; exit code 3 if things did not succeed")
    .option("--timeout <duration>", "longest time to --wait or --watch: 30m, 2h")
    .addOption(new Option("--wait-timeout <duration>", "former name of --timeout").hideHelp())
    .option("--columns <names>", "columns of a list, with commas between them")
    .option("--csv", "print a list as CSV")
    .option("--utc", "times as dates in UTC, not relative to now")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: StatusOptions, command: Command) => {
      const context = await contextOf(command);
      const job = isOfOneJob(options) ? await givenJob(context, jobId, command) : jobId;
      const { runStatus } = await import("../status/run.js");
      exitWith(await runStatus(context, job, options));
    });
}

/** Without these, no job means all of them. */
function isOfOneJob({ things, failed, thing, watch, wait }: StatusOptions): boolean {
  return [things, failed, thing, watch, wait].some((option) => option !== undefined);
}
