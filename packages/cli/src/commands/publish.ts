import { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { collect, parseSlot, waitTimeoutMs } from "../flags.js";
import { formatBytes } from "../format.js";
import type { Progress } from "../output.js";
import type { Order } from "../publish/order.js";
import { nonEmpty } from "../settings.js";

interface PublishOptions {
  slot?: string;
  to?: string[];
  bucket?: string;
  prefix?: string;
  expires?: string;
  presign: string;
  jobId?: string;
  fwVersion?: string;
  model?: string;
  minVersion?: string;
  description?: string;
  dryRun?: boolean;
  wait?: boolean;
  waitTimeout?: string;
}

const HELP = `
The same publish again is the same job: it is found, not made twice. Everything
is checked before anything is changed, and the URL is tried before the job is
created; a failure leaves no job.

Examples:
  $ fota publish app.bin --slot 1 --to thermostat-7 --bucket fw-releases
  $ fota publish app.bin --slot 1 --to group:beta --fw-version 1.4.0 --wait
  $ fota publish app.bin --slot 1 --to demo-1 --bucket firmware --local

--json prints {jobId, jobArn, document, images: [{slot, bucket, key, md5,
sha256, size, url, expiresAt}], targets}; jobArn is null with --dry-run; with
--wait there is also {status}, as \`fota status --json\` prints it.`;

export function publishCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("publish")
    .summary("upload an image and create the job that orders it")
    .description(
      "Upload a firmware image to S3, presign its URL and create the AWS IoT job that orders the update.",
    )
    .argument("<image>", "raw binary, as it goes into the slot")
    .option("--slot <number>", "slot that the image is linked for, from 0 up")
    .option("--to <target>", "thing name, group:<name> or ARN; repeatable", collect)
    .option("--bucket <name>", "S3 bucket for the image (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the object's key (FOTA_PREFIX; default: fota)")
    .option("--expires <duration>", "how long the URL works: 12h, 7d (FOTA_EXPIRES; default: 7d, the most)")
    .option("--presign <who>", "who presigns the URL; only cli for now", "cli")
    .option("--job-id <id>", "default: made from the content")
    .option("--fw-version <version>", "version of the firmware in the image")
    .option("--model <name>", "hardware model the image is for; other devices refuse it")
    .option("--min-version <version>", "lowest version that may be running for this update")
    .option("--description <text>", "for people; shown with the job")
    .option("--dry-run", "check everything, show the plan, change nothing")
    .option("--wait", "follow the job to its end; exit code 3 if things did not succeed")
    .option("--wait-timeout <duration>", "longest time to --wait: 30m, 2h")
    .addHelpText("after", HELP)
    .action(async (image: string, options: PublishOptions, command: Command) => {
      exitWith(await runPublish(await contextOf(command), image, options));
    });
}

async function runPublish(context: Context, imagePath: string, options: PublishOptions): Promise<ExitCode> {
  const { host, output } = context;
  const { signal } = host;
  const order = await orderOf(context, imagePath, options);
  const timeoutMs = waitTimeoutMs(options);
  const { readImageFile } = await import("../publish/image-file.js");
  const image = await output.during(`reading ${imagePath}`, (progress) =>
    readImageFile(imagePath, { cwd: host.cwd, signal, onBytes: counter(progress, `reading ${imagePath}`) }),
  );

  const access = await context.access();
  const [
    { openIot },
    { openImages },
    { planPublish },
    { executePlan, publishedOf },
    { formatOutcome, formatPlan },
  ] = await Promise.all([
    import("../aws/iot.js"),
    import("../aws/images.js"),
    import("../publish/plan.js"),
    import("../publish/publish.js"),
    import("../publish/format.js"),
  ]);
  const cloud = { iot: openIot(access, signal), images: openImages(access, signal) };
  try {
    const plan = await output.during("checking targets, bucket and job", () =>
      planPublish(order, image, cloud, new Date()),
    );
    for (const warning of plan.warnings) output.warn(warning);
    if (options.dryRun === true) {
      const { jobArn, document } = plan.existing ?? { jobArn: null, document: plan.document };
      const published = publishedOf(plan, jobArn, document);
      output.result(published, formatPlan(plan, published, output.paint));
      return EXIT.done;
    }
    const outcome = await output.during("uploading", (progress) => {
      const onBytes = counter(progress, `uploading ${image.name}`, image.sizeBytes);
      const onStep = (step: keyof typeof STEPS) => progress(STEPS[step]);
      return executePlan(plan, cloud, { ca: access.ca, signal, onStep, onBytes });
    });
    const { published } = outcome;
    const statusCommand = `fota status ${published.jobId}${context.settings.local ? " --local" : ""}`;
    const text = formatOutcome(plan, outcome, output.paint, statusCommand);
    if (options.wait !== true) {
      output.result(published, text);
      return EXIT.done;
    }
    output.note(`${text}\n`);
    const [{ exitCodeOfJob, waitForJob }, { formatSummary }] = await Promise.all([
      import("../status/wait.js"),
      import("../status/format.js"),
    ]);
    const waiting = { output, signal, timeoutMs };
    const status = await waitForJob(cloud.iot, published.jobId, { kind: "few" }, waiting);
    output.result({ ...published, status }, formatSummary(status, output.paint, output.columns));
    return exitCodeOfJob(status);
  } finally {
    cloud.iot.close();
    cloud.images.close();
  }
}

const STEPS = {
  upload: "uploading",
  check: "fetching the URL as a device would",
  create: "creating the job",
} as const;

async function orderOf(
  { host, settings }: Context,
  imagePath: string,
  options: PublishOptions,
): Promise<Order> {
  const [check, { parseTargets }, { checkJobId }] = await Promise.all([
    import("../publish/order.js"),
    import("../publish/targets.js"),
    import("../publish/job-id.js"),
  ]);
  const { env } = host;
  const { file } = settings;
  checkPresign(options.presign);
  const slot = options.slot ?? (file.slot === undefined ? undefined : String(file.slot));
  if (slot === undefined) {
    throw new FotaError("SLOT_INVALID", "no slot is given", {
      hint: "a raw image does not say which slot it is linked for: give --slot, such as --slot 1",
    });
  }
  const expires = options.expires ?? nonEmpty(env["FOTA_EXPIRES"]) ?? file.expires;
  return {
    imagePath,
    slot: parseSlot(slot),
    targets: parseTargets(options.to ?? []),
    bucket: check.checkBucketName(options.bucket ?? nonEmpty(env["FOTA_BUCKET"]) ?? file.bucket),
    prefix: check.checkPrefix(options.prefix ?? env["FOTA_PREFIX"] ?? file.prefix ?? "fota"),
    expiresInSeconds: check.checkExpires(expires),
    jobId: options.jobId === undefined ? undefined : checkJobId(options.jobId),
    fwVersion: check.checkVersion(options.fwVersion, "--fw-version"),
    model: check.checkModel(options.model ?? file.model),
    minVersion: check.checkVersion(options.minVersion, "--min-version"),
    description: check.checkDescription(options.description),
  };
}

function checkPresign(who: string): void {
  if (who === "cli") return;
  throw new FotaError("USAGE", `--presign ${who} is not there yet: only cli is`, {
    hint: "leave --presign out: this command then presigns the URL itself",
  });
}

/** Turns counts of bytes into progress of at most ten lines a second: bytes, percent of `totalBytes`, rate. */
function counter(progress: Progress, what: string, totalBytes?: number): (count: number) => void {
  const startMs = performance.now();
  let bytes = 0;
  let shownMs = startMs;
  return (count) => {
    bytes += count;
    const nowMs = performance.now();
    if (nowMs - shownMs < 100) return;
    shownMs = nowMs;
    const rate = formatBytes(bytes / ((nowMs - startMs) / 1000));
    const percent =
      totalBytes === undefined
        ? ""
        : ` of ${formatBytes(totalBytes)} (${Math.floor((bytes / totalBytes) * 100)} %)`;
    progress(`${what}: ${formatBytes(bytes)}${percent}, ${rate}/s`);
  };
}
