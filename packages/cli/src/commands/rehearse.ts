import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { RehearseOptions } from "../rehearse/run.js";
import { collect } from "../settings/flags.js";
import { withRolloutOptions, withWindowOption } from "./job-options.js";
import { publishCommand } from "./publish.js";

const HELP = `
The rehearsal runs the job in virtual time on virtual devices and changes nothing.
It takes the arguments of publish; those that do not change a rollout have no
effect. With --things it needs no AWS access. --fleet names a JSON file with the
link speeds, hours online and failure rates of the devices; without it, every
device is always online and every update succeeds. docs/publish.md has an example.

--learn reads how a job went: speeds, hours online, failures, hangs and lost
reports. It prints what it learned and from how many executions.

An abort rule counts only executions that have ended. The same seed and the same
devices give the same failures, so that two rollouts can be compared.

It also searches the fastest rate or ramp, and an abort rule, with which at most
--max-bad of the devices run an image that fails on 30 % of them. The rule does
not fire on the failures that the fleet has with a good image. All of that comes
from runs with the same seed. For more than 100,000 things, give --max-bad.

Examples:
  $ fota rehearse app.bin --things 10000 --rate 50/min
  $ fota rehearse app.bin --things 5000 --fleet fleet.json --thing-timeout 30m \\
      --ramp "10/min x2 after 50 succeeded" --abort-on "failed>10% after 20"
  $ fota rehearse app.bin --to group:all --rollout careful --runs 100
  $ fota rehearse app.bin --learn last --save fleet.json`;

export function rehearseCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("rehearse")
    .summary("compute what a rollout will do, on virtual devices")
    .description("Compute what a publish would do: when it ends, what it costs, what an abort rule prevents.")
    .argument("<image...>", "as for publish; only the size of the largest image matters")
    .option(
      "--to <target>",
      "things to count: thing name, group:<name>, query:<query>, ARN or @<file>; repeatable",
      collect,
    )
    .option("--continuous", "a continuous job, which --window needs")
    .optionsGroup("Rehearsal:")
    .option("--things <number>", "number of virtual devices, in place of the things of --to")
    .option("--fleet <file>", "JSON file that describes the devices")
    .option("--learn <job>", "learn the devices from a job that they have carried out; repeatable", collect)
    .option("--save <file>", "write what was learned, to edit it and give it with --fleet")
    .option("--html <file>", "also write the rehearsal as a page, in one file")
    .option("--seed <number>", "seed of the first run; each further run has the next one (default: 1)")
    .option("--runs <number>", "number of runs, up to 1000 (default: 20, fewer for many devices)")
    .option("--max-bad <share>", "share of the devices that may run a bad image (default: 1%)")
    .option("--no-suggest", "do not search a rate and an abort rule for that share");
  return withPublishOptions(
    withWindowOption(withRolloutOptions(command)),
    publishCommand(contextOf, exitWith),
  )
    .addHelpText("after", helpText(HELP))
    .action(async (images: string[], options: RehearseOptions, command: Command) => {
      const { runRehearse } = await import("../rehearse/run.js");
      exitWith(await runRehearse(await contextOf(command), images, options));
    });
}

/** Accepts the other options of publish, so that a command line works with both; the help does not list them. */
function withPublishOptions(command: Command, publish: Command): Command {
  const own = new Set(command.options.map(({ long }) => long));
  for (const option of publish.options) {
    if (!own.has(option.long)) command.addOption(option.hideHelp());
  }
  return command;
}
