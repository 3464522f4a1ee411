import type { FotaError } from "@fota/shared";
import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { InitCommandOptions } from "../init/run.js";

const HELP = `
Region, profile and account come from where the other commands have them; the
rest is asked for, where somebody is there to answer. What is not there yet is
made after a yes: a bucket with public access blocked and versions kept, a role
whose policies are shown first. Keys of a settings file that is there stay.

The file is fota.config.json here, or what --config names. Its $schema lets
editors complete and check it.

Examples:
  $ fota init
  $ fota init --bucket fw-releases --presign iot --role fota-presign
  $ fota init --bucket fw-releases --presign cli --yes
  $ fota init --local --bucket firmware --yes`;

export function initCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("init")
    .summary("write fota.config.json, and make bucket and role")
    .description(
      "Write fota.config.json: asks for what it cannot find out, and offers to make bucket and role.",
    )
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the objects' keys (default: fota)")
    .addOption(
      new Option("--presign <who>", "cli: fota, once; iot: AWS IoT, when a device asks").choices([
        "cli",
        "iot",
      ]),
    )
    .option("--role <name>", "role that AWS IoT presigns as, name or ARN (FOTA_ROLE)")
    .option("-y, --yes", "make and write without asking")
    .addHelpText("after", helpText(HELP))
    .action(async (options: InitCommandOptions, command: Command) => {
      let configFault: FotaError | undefined;
      const context = await contextOf(command, (fault) => {
        configFault = fault;
      });
      const { runInit } = await import("../init/run.js");
      exitWith(await runInit(context, command, options, configFault));
    });
}
