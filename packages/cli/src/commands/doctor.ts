import type { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { DoctorOptions } from "../doctor/run.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import { collect } from "../settings/flags.js";

const HELP = `
doctor changes nothing without --fix. With --fix, it asks before it blocks
public access to the bucket and before it enables versioning.

Examples:
  $ fota doctor
  $ fota doctor --to thermostat-7 --to group:beta --bucket fw-releases
  $ fota doctor --presign iot --role fota-presign --legacy
  $ fota doctor --keys keys.json
  $ fota doctor --fix --yes

Exit codes: 0 no check failed (there may be warnings), 1 a check failed.`;

export function doctorCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("doctor")
    .summary("find what blocks a publish, and how to fix it")
    .description(
      "Check settings, credentials, clock, bucket, role, endpoints, limits, targets and permissions, and explain how to fix what is wrong.",
    )
    .option(
      "--to <target>",
      "target to check: thing name, group:<name>, query:<query> or ARN; repeatable",
      collect,
    )
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "prefix of the object keys (FOTA_PREFIX; default: fota)")
    .option("--presign <who>", "cli or iot, as for publish (default: cli)")
    .option("--role <name>", "IAM role that AWS IoT presigns with (FOTA_ROLE)")
    .option("--expires <duration>", "URL lifetime (FOTA_EXPIRES)")
    .option("--package <name>", "software package to check, as for publish")
    .option("--legacy", "also check for what devices with the original library would fail on")
    .option("--keys <file>", "key set of the devices: check whether the settings' signers suffice")
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
