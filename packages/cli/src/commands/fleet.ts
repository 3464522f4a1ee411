import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { FleetCommandOptions } from "../fleet/run.js";
import { helpText } from "../help/layout.js";

const HELP = `
Without an option that lists things, the counts of each version are shown.
--version takes <2.0, <=2.0, >1.4, >=1.4, 2.x, 1.4.0, or several that must all
hold: '>=1.4 <2.0'. Versions are compared by their numbers, as in semver.

The versions are what devices report in their named shadow fota, if their
firmware has an inventory and fleet indexing has that shadow. Without reports,
they are those of the software package in --package, which AWS IoT records.
Otherwise they are those of the newest 100 jobs: a thing runs what the last job
that succeeded on it installed. That is slow for a large fleet.

A thing lags if it is behind (below the most common version of its model),
failed (its last job did not succeed) or stuck (its last job has been in
progress for more than a day).

Columns: thing, version, model, slot, groups, connected, seen, reported, booted,
job, status, changed, lags, sha256, agent.

Examples:
  $ fota fleet
  $ fota fleet --version '<2.0' --model m1
  $ fota fleet --stragglers --group beta
  $ fota fleet --not-seen 7d --csv
  $ fota fleet pump-1
  $ fota fleet --index            # turns fleet indexing on`;

export function fleetCommand(contextOf: ContextOf): Command {
  return new Command("fleet")
    .summary("show which firmware runs where")
    .description("Show which firmware runs where: counts by version, or a list of things.")
    .argument("[thing]", "name of one thing")
    .option("--version <range>", "list things whose version is in a range")
    .option("--model <name>", "only things of a hardware model")
    .option("--group <name>", "only things in a group, or in the groups below it")
    .option("--not-seen <duration>", "list things with no sign of life for so long: 12h, 7d")
    .option("--stragglers", "list things that lag")
    .option("--things", "list things")
    .addOption(new Option("--by <what>", "also count the versions in each thing group").choices(["group"]))
    .addOption(
      new Option("--source <name>", "where versions come from").choices(["shadow", "package", "jobs"]),
    )
    .option("--package <name>", "software package to read versions from if no device reports them")
    .option("--columns <names>", "columns of the list, separated by commas")
    .option("--csv", "print the list as CSV")
    .option("--utc", "show absolute UTC times")
    .option("--index", "turn on what fota needs of AWS IoT's fleet indexing, and keep its other settings")
    .option("-n, --dry-run", "with --index: show the changes, make none")
    .option("-y, --yes", "with --index: do not ask")
    .addHelpText("after", helpText(HELP))
    .action(async (thing: string | undefined, options: FleetCommandOptions, command: Command) => {
      const { runFleet } = await import("../fleet/run.js");
      await runFleet(await contextOf(command), thing, options);
    });
}
