import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { ListCommandOptions } from "../list/run.js";

const HELP = `
Columns: job, firmware (version, or name of the image), target, outcome, age,
execution (with --target <thing>: how the job stands there), status, kind,
created, updated, ended, description, arn, total, succeeded, unsuccessful and
pending. Firmware, target, outcome, description and the numbers take a request
for each job; a table has the first three for the newest 100 jobs. CSV and JSON
have what takes requests only with --counts, or if --columns names it; their
times are ISO 8601. A list on a terminal goes through $FOTA_PAGER, $PAGER or
less; FOTA_PAGER=cat turns that off.

Examples:
  $ fota list --status in-progress,scheduled --counts
  $ fota list --target group:beta --since 7d
  $ fota list --target thermostat-7
  $ fota list --limit 500 --columns job,ended --csv`;

export function listCommand(contextOf: ContextOf): Command {
  return new Command("list")
    .summary("list jobs, newest first")
    .description("List jobs, newest first.")
    .option("--status <names>", "only these: in-progress, scheduled, completed, canceled")
    .option("--target <target>", "only those of a thing, of group:<name> or of an ARN of either")
    .option("--since <when>", 'only those created since: 2h, 7d, 2026-11-24, "2026-11-24 05:00" (UTC)')
    .option("--limit <number>", "show so many (default: 20)")
    .option("--counts", "with the counts of each job")
    .option("--columns <names>", "columns of the list, with commas between them")
    .option("--csv", "print CSV")
    .option("--utc", "times as dates in UTC, not relative to now")
    .addHelpText("after", helpText(HELP))
    .action(async (options: ListCommandOptions, command: Command) => {
      const { runList } = await import("../list/run.js");
      await runList(await contextOf(command), options);
    });
}
