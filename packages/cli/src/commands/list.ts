import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { ListCommandOptions } from "../list/run.js";

const HELP = `
Columns: job, firmware (version, or name of the image), target, outcome, age,
execution (with --target <thing>: status of the job on that thing), status,
kind, created, updated, ended, description, arn, total, succeeded, unsuccessful
and pending.

Firmware, target, outcome, description and the counts cost a request for each
job. A table shows the first three for the newest 100 jobs; CSV and JSON include
them only with --counts, or if --columns names them. Times in CSV and JSON are
ISO 8601. On a terminal, the list opens in $FOTA_PAGER, $PAGER or less;
FOTA_PAGER=cat turns that off.

Examples:
  $ fota list --status in-progress,scheduled --counts
  $ fota list --target group:beta --since 7d
  $ fota list --target thermostat-7
  $ fota list --limit 500 --columns job,ended --csv`;

export function listCommand(contextOf: ContextOf): Command {
  return new Command("list")
    .summary("list jobs, newest first")
    .description("List jobs, newest first.")
    .option("--status <names>", "only jobs with this status: in-progress, scheduled, completed, canceled")
    .option("--target <target>", "only jobs for a thing, for group:<name> or for the ARN of either")
    .option("--since <when>", 'only jobs created since: 2h, 7d, 2026-11-24 or "2026-11-24 05:00" (UTC)')
    .option("--limit <number>", "number of jobs to show (default: 20)")
    .option("--counts", "include the counts of each job")
    .option("--columns <names>", "columns of the list, separated by commas")
    .option("--csv", "print the list as CSV")
    .option("--utc", "show absolute UTC times")
    .addHelpText("after", helpText(HELP))
    .action(async (options: ListCommandOptions, command: Command) => {
      const { runList } = await import("../list/run.js");
      await runList(await contextOf(command), options);
    });
}
