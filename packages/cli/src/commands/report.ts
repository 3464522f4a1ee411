import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { ReportOptions } from "../report/run.js";
import { JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Without a job, the report is about the newest one. The file needs no network and
no script: it can be mailed, printed and read on a phone.

It shows how the job stands and the next command; counts, pace and expected end;
progress over time against the planned rate; causes of failure with their fixes;
how near each abort rule is; slow and stuck things; the image, its signatures
and its URL; the jobs with the same firmware. A table has up to 5,000 things, to
filter and sort, those that need attention first.

It reads the causes of up to 150 failures and the progress of up to 60 things.
The file replaces an earlier report, and no other file. --csv writes all
executions to a file beside it, such as report.csv.

Examples:
  $ fota report fota-1-4-0
  $ fota report --out report.html --csv
  $ fota report last --json | jq -r .path`;

export function reportCommand(contextOf: ContextOf): Command {
  return new Command("report")
    .summary("write a report about a job as one HTML file")
    .description("Write a report about a job, with charts and a table of its things, as one HTML file.")
    .argument("[job-id]", `${JOB_ARGUMENT} (default: last)`)
    .option("--out <file>", "HTML file to write (default: <job-id>.html)")
    .option("--csv", "write all executions as CSV, too")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: ReportOptions, command: Command) => {
      const { runReport } = await import("../report/run.js");
      await runReport(await contextOf(command), jobId, options);
    });
}
