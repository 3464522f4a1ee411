import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { StatusOptions } from "../status/run.js";
import { givenJob, JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Without a job, status shows the jobs in progress and those that ended in the
last 24 hours. With a job, it shows counts, rate, expected end, abort rules and
causes of failure, and each thing of a job that has up to 10. It reads the
causes of up to 20 failures, or of 1 if the job has more than 1,000 executions,
and if the job has patches, what up to 20 things downloaded.
--failed reads the causes of up to 250 failures. --things reads the progress or
cause of up to 250 things that are in progress or failed.

A job has ended when AWS IoT reports COMPLETED, or when it is canceled and no
thing is in progress. A continuous job counts as ended when all executions that
it has so far have ended.

On a terminal, lists open in $FOTA_PAGER, $PAGER or less; FOTA_PAGER=cat turns
that off. Columns: thing, status, try, queued, started, updated, phase, percent,
bytes, reason, detail, running, report. Times in CSV and JSON are ISO 8601.

With --json, or if stdout is not a terminal, --watch prints a line for each
change. --watch alone exits 0. Exit codes with --wait: 0 all things succeeded, 3
some did not or there is none, 1 --timeout passed.

Examples:
  $ fota status
  $ fota status fota-1-4-0 --watch
  $ fota status fota-1-4-0 --failed
  $ fota status fota-1-4-0 --things --csv > things.csv
  $ fota status fota-1-4-0 --wait --timeout 2h || fota why fota-1-4-0`;

export function statusCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("status")
    .summary("show a job, or the jobs in progress or recently ended")
    .description(
      "Show counts, progress and causes of failure of a job, or the jobs in progress or recently ended.",
    )
    .argument("[job-id]", JOB_ARGUMENT)
    .option("--things", "list every thing")
    .option("--failed", "list the things that did not succeed, and group their causes")
    .option("--thing <name>", "show everything about one thing")
    .option("--watch", "show the job live until it ends")
    .option("--wait", "wait until the job ends; exit 3 if some things did not succeed")
    .option("--timeout <duration>", "longest time to wait, with --wait or --watch: 30m, 2h")
    .addOption(new Option("--wait-timeout <duration>", "former name of --timeout").hideHelp())
    .option("--columns <names>", "columns of the list, separated by commas")
    .option("--csv", "print the list as CSV")
    .option("--utc", "show absolute UTC times")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: StatusOptions, command: Command) => {
      const context = await contextOf(command);
      const job = isOfOneJob(options) ? await givenJob(context, jobId, command, "any") : jobId;
      const { runStatus } = await import("../status/run.js");
      exitWith(await runStatus(context, job, options));
    });
}

/** Returns whether the options need a job; otherwise no job means all jobs. */
function isOfOneJob({ things, failed, thing, watch, wait }: StatusOptions): boolean {
  return [things, failed, thing, watch, wait].some((option) => option !== undefined);
}
