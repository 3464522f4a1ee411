import type { FotaError } from "@fota/shared";
import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { InitOptions } from "../init/init.js";
import { TEMPLATE_FORMATS } from "../init/template-format.js";

const HELP = `
init finds region, profile and account as the other commands do, and on a
terminal asks for the rest. It creates what is missing if you say yes: a bucket
with public access blocked and versioning enabled, and a role, whose policies it
shows first. It keeps the keys of an existing settings file.

With --local, init asks nothing: bucket firmware, one image for every slot.

The file is fota.config.json in the working folder, or what --config names. Its
$schema lets editors complete and check it.

--print is for teams that create roles only from templates: it prints the bucket,
the role, a policy for those who publish, one for those who create things, and
the policy fota-device, without a request to AWS. The role is called fota-presign
unless --role or the settings name it; with --presign cli there is none.

Examples:
  $ fota init
  $ fota init --print cloudformation --bucket fw-releases > fota.json
  $ fota init --bucket fw-releases --presign iot --role fota-presign
  $ fota init --bucket fw-releases --presign cli --yes
  $ fota init --local`;

export function initCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("init")
    .summary("write fota.config.json; create the bucket and the role")
    .description(
      "Write fota.config.json. Asks for what it cannot find out, and offers to create the bucket and the role.",
    )
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "prefix of the object keys (default: fota)")
    .addOption(
      new Option("--presign <who>", "cli: fota presigns once; iot: AWS IoT presigns on each request").choices(
        ["cli", "iot"],
      ),
    )
    .option("--role <name>", "IAM role that AWS IoT presigns with, name or ARN (FOTA_ROLE)")
    .option("--slot <number|any>", "slot that raw images are linked for; any: the same for every slot")
    .addOption(
      new Option(
        "--print <format>",
        "print a template of bucket, role and policies, and change nothing",
      ).choices(TEMPLATE_FORMATS),
    )
    .option("-y, --yes", "create and write without asking")
    .addHelpText("after", helpText(HELP))
    .action(async (options: InitOptions, command: Command) => {
      let configFault: FotaError | undefined;
      const context = await contextOf(command, (fault) => {
        configFault = fault;
      });
      const { runInit } = await import("../init/run.js");
      exitWith(await runInit(context, command, options, configFault));
    });
}
