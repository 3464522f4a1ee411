import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { PublishOptions } from "../publish/run.js";
import { collect } from "../settings/flags.js";
import { withRolloutOptions, withRunningOptions, withWindowOption } from "./job-options.js";
import { withFactOptions, withSignerOptions } from "./signing-options.js";

const HELP = `
Publishing the same image with the same options again finds the existing job and
creates no second one. fota checks everything before it changes anything, and it
fetches the URL before it creates the job, so a failed publish leaves no job.
docs/publish.md explains each option, docs/signing.md those of signatures.

Examples:
  $ fota publish app.bin --slot any --to thermostat-7 --bucket fw-releases
  $ fota publish 0=app.slot0.bin 1=app.slot1.bin --to group:beta --wait
  $ fota publish app.json --to @things.txt --make-group may-update
  $ fota publish app.bin --slot 1 --to group:all --presign iot --role fota \\
      --rate 50/min --abort-on "failed>10% after 20" --thing-timeout 30m
  $ fota publish app.bin --slot any --to demo-1 --bucket firmware --local
  $ fota publish app-1.5.bin --slot any --to group:all --delta-from 1.4.0
  $ fota publish app.bin --to group:all --sign release-2026.pem --seq version

--json prints {jobId, jobArn, document, images: [{slot, bucket, key, md5,
sha256, size, url, expiresAt}], targets}. --dry-run adds {plan}, and jobArn is
null. --wait adds {status}, which is what \`fota status --json\` prints.`;

export function publishCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("publish")
    .summary("upload an image and create the job that installs it")
    .description(
      "Upload a firmware image to S3, presign its URL and create the AWS IoT job that installs it.",
    )
    .argument("<image...>", "raw binary, JSON file from `ztc -J link`, or <slot>=<file> for each slot")
    .option("--slot <number|any>", "slot that a raw image is linked for; any: the same for every slot")
    .option(
      "--to <target>",
      "thing name, group:<name>, query:<query>, ARN or @<file of names>; repeatable",
      collect,
    )
    .option("--continuous", "also update things that join the group later")
    .option("--make-group <name>", "target more than 100 things through a static group of this name")
    .optionsGroup("Image and URL:")
    .option("--bucket <name>", "S3 bucket for the image (FOTA_BUCKET)")
    .option("--prefix <path>", "prefix of the object key (FOTA_PREFIX; default: fota)")
    .option(
      "--presign <who>",
      "cli: fota presigns once; iot: AWS IoT presigns on each request (default: cli)",
    )
    .option("--role <name>", "IAM role that AWS IoT presigns with, name or ARN (FOTA_ROLE)")
    .option("--expires <duration>", "URL lifetime: up to 7d, with --presign iot up to 1h (FOTA_EXPIRES)")
    .option(
      "--delta-from <image>",
      "image that devices have, to offer a patch from: a file, or the job or version that installed it; repeatable",
      collect,
    )
    .option("--delta <how>", "auto: offer patches from the images that last succeeded on the things")
    .optionsGroup("Job:")
    .option("--fw-version <version>", "version of the firmware")
    .option("--model <name>", "hardware model that the image is for; other devices refuse it")
    .option("--min-version <version>", "oldest version that can update to this one; older devices refuse it")
    .option("--package <name>", "software package that the firmware is a version of; needs --fw-version")
    .option("--legacy", "refuse a job that devices with the original library would fail on")
    .option("--job-id <id>", "id of the job (default: derived from the content)")
    .option("--description <text>", "description for people, shown with the job")
    .option("--tag <key=value>", "tag of the job; repeatable", collect);
  return withRunningOptions(withSignatureOptions(withWindowOption(withRolloutOptions(command))))
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (images: string[], options: PublishOptions, command: Command) => {
      const { runPublish } = await import("../publish/run.js");
      exitWith(await runPublish(await contextOf(command), images, options));
    });
}

function withSignatureOptions(command: Command): Command {
  return withFactOptions(withSignerOptions(command))
    .option("--keys <file>", "signed key sets for the devices, from `fota sign`")
    .option("--document <file>", "publish a document that `fota sign` signed, or - for stdin");
}
