import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { PublishOptions } from "../publish/run.js";
import { collect } from "../settings/flags.js";
import { withRolloutOptions, withRunningOptions, withWindowOption } from "./job-options.js";

const HELP = `
The same publish again is the same job: it is found, not made twice. Everything
is checked before anything is changed, and the URL is tried before the job is
created; a failure leaves no job. docs/publish.md tells more of each option.

Examples:
  $ fota publish app.bin --slot any --to thermostat-7 --bucket fw-releases
  $ fota publish 0=app.slot0.bin 1=app.slot1.bin --to group:beta --wait
  $ fota publish app.json --to @things.txt --make-group may-update
  $ fota publish app.bin --slot 1 --to group:all --presign iot --role fota \\
      --rate 50/min --abort-on "failed>10% after 20" \\
      --thing-timeout 30m
  $ fota publish app.bin --slot any --to demo-1 --bucket firmware --local

--json prints {jobId, jobArn, document, images: [{slot, bucket, key, md5,
sha256, size, url, expiresAt}], targets}; with --dry-run jobArn is null and
there is {plan} too; with --wait there is {status}, as \`fota status --json\`
prints it.`;

export function publishCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("publish")
    .summary("upload an image and create the job that orders it")
    .description(
      "Upload a firmware image to S3, presign its URL and create the AWS IoT job that orders the update.",
    )
    .argument("<image...>", "raw binary, JSON of `ztc -J link`, or <slot>=<file> for each slot")
    .option("--slot <number|any>", "slot that a raw image is linked for; any: the same for every slot")
    .option("--to <target>", "thing name, group:<name>, ARN or @<file of names>; repeatable", collect)
    .option("--continuous", "also for things that join the group later")
    .option("--make-group <name>", "put the things into this static group: for more than 100")
    .optionsGroup("Image and URL:")
    .option("--bucket <name>", "S3 bucket for the image (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the object's key (FOTA_PREFIX; default: fota)")
    .option("--presign <who>", "cli: here, once; iot: AWS IoT, when a device asks (default: cli)")
    .option("--role <name>", "role that AWS IoT presigns as, name or ARN (FOTA_ROLE)")
    .option("--expires <duration>", "how long a URL works: up to 7d, with iot 1h (FOTA_EXPIRES)")
    .optionsGroup("Order:")
    .option("--fw-version <version>", "version of the firmware in the image")
    .option("--model <name>", "hardware model the image is for; other devices refuse it")
    .option("--min-version <version>", "lowest version that may be running for this update")
    .option("--legacy", "refuse what devices with the original library do not survive")
    .option("--job-id <id>", "default: made from the content")
    .option("--description <text>", "for people; shown with the job")
    .option("--tag <key=value>", "tag of the job; repeatable", collect);
  return withRunningOptions(withWindowOption(withRolloutOptions(command)))
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (images: string[], options: PublishOptions, command: Command) => {
      const { runPublish } = await import("../publish/run.js");
      exitWith(await runPublish(await contextOf(command), images, options));
    });
}
