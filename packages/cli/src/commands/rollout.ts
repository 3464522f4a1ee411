import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { RolloutOptions } from "../rollout/run.js";

const HELP = `
A plan is a JSON file with the firmware and the stages: for each, its targets, its
rollout, and a gate that decides whether the next stage starts. A gate is a share of
things that succeeded, a soak time, a command that must exit 0, or all of them.
docs/rollout.md has a plan to copy and explains each key.

Each stage after the first promotes the job of the stage before. All state is in the
tags of the jobs, so the same command continues the rollout, also on another machine.
Ctrl-C leaves the jobs as they are. fota checks all stages before the first one starts.

The exit code is 0 when all gates are open, 3 when one closes, and with --once 75
while the rollout has not ended.

Examples:
  $ fota rollout plan.json --dry-run --fleet fleet.json
  $ fota rollout plan.json
  $ fota rollout plan.json --once --yes
  $ fota rollout plan.json --accept canary`;

export function rolloutCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("rollout")
    .summary("publish in stages, each when the gate before it opens")
    .description("Carry out a plan: publish to one stage, and promote to the next when its gate opens.")
    .argument("<file>", "plan, or the plan of a rollout that has started, to continue it")
    .option("--status", "show where the rollout stands, change nothing")
    .option("--once", "go as far as possible now and exit, as for cron")
    .option("--accept <stage>", "open the gate of this stage by hand, then continue")
    .option("-n, --dry-run", "check all stages, print them, change nothing")
    .option("--fleet <file>", "with --dry-run, rehearse the stages on the devices that this file describes")
    .option("-y, --yes", "do not ask before a rollout to many things starts")
    .addHelpText("after", helpText(HELP))
    .action(async (path: string, options: RolloutOptions, command: Command) => {
      const { runRollout } = await import("../rollout/run.js");
      exitWith(await runRollout(await contextOf(command), path, options));
    });
}
