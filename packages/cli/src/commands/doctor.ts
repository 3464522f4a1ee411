import type { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { DoctorOptions } from "../doctor/run.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import { collect } from "../settings/flags.js";

const HELP = `
Changes nothing, unless --fix is given: then it asks before it blocks public
access of the bucket and before it switches on versioning.

Examples:
  $ fota doctor
  $ fota doctor --to thermostat-7 --to group:beta --bucket fw-releases
  $ fota doctor --presign iot --role fota-presign --legacy
  $ fota doctor --fix --yes

Exit codes: 0 nothing failed (there may be warnings), 1 something did.`;

export function doctorCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("doctor")
    .summary("check the settings and the AWS account; say what to do")
    .description(
      "Check settings, credentials, clock, bucket, role, endpoints, limits, targets and permissions, and say what to do about each.",
    )
    .option("--to <target>", "thing, group:<name> or ARN to look at too; repeatable", collect)
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the objects' keys (FOTA_PREFIX; default: fota)")
    .option("--presign <who>", "cli or iot, as publish would be told (default: cli)")
    .option("--role <name>", "role that AWS IoT presigns as (FOTA_ROLE)")
    .option("--expires <duration>", "URL lifetime (FOTA_EXPIRES)")
    .option("--legacy", "also what devices with the original library do not survive")
    .option("--fix", "repair what is safe to repair, after asking")
    .option("-y, --yes", "do not ask before --fix changes something")
    .addHelpText("after", helpText(HELP))
    .action(async (options: DoctorOptions, command: Command) => {
      let configFault: FotaError | undefined;
      const context = await contextOf(command, (fault) => {
        configFault = fault;
      });
      const { runDoctor } = await import("../doctor/run.js");
      exitWith(await runDoctor(context, options, configFault));
    });
}
