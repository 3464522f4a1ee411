import { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import type { AgainOptions } from "../republish/plan-again.js";
import { collect } from "../settings/flags.js";
import {
  type RunningOptions,
  runningOptions,
  withOldOrderOptions,
  withRolloutOptions,
  withRunningOptions,
  withWindowOption,
} from "./job-options.js";

interface PromoteOptions extends AgainOptions, RunningOptions {
  to?: string[];
  force?: boolean;
}

const HELP = `
An image is promoted when the job has proven it: it has ended, at least one
thing succeeded, and none failed, timed out, rejected or was canceled in its
last try. --force promotes it all the same.

The document is the same but for its URL, so that signatures stay valid; the
image stays where it is in S3 and is compared before. The rollout is that of the
old job but for its schedule, and for what the options say. The same promotion
again is the same job.

Examples:
  $ fota promote fota-1b7a9c --to group:beta --wait
  $ fota promote fota-1b7a9c --to group:all --rollout careful --presign iot \\
      --role fota

--json prints what \`fota publish --json\` prints.`;

export function promoteCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("promote")
    .summary("order the image of a job for the next group")
    .description("Create a job that orders the image of another job, which went well, for other things.")
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--to <target>", "thing name, group:<name>, ARN or @<file of names>; repeatable", collect)
    .option("--continuous", "also for things that join the group later")
    .option("--make-group <name>", "put the things into this static group: for more than 100")
    .option("--force", "also when the job has not proven its image");
  withWindowOption(withRolloutOptions(withOldOrderOptions(command, "the content")));
  return withRunningOptions(command)
    .optionsGroup("Other:")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: PromoteOptions, self: Command) => {
      exitWith(await runPromote(await contextOf(self), jobId, options));
    });
}

async function runPromote(context: Context, jobId: string, options: PromoteOptions): Promise<ExitCode> {
  const { host, output, settings } = context;
  const [{ checkJobId }, { expandTargetFiles, parseTargets }] = await Promise.all([
    import("../job/job-id.js"),
    import("../job/targets.js"),
  ]);
  checkJobId(jobId);
  const running = runningOptions(options);
  const to = await expandTargetFiles(options.to ?? [], host.cwd);
  const targets = parseTargets(to, Number.POSITIVE_INFINITY); // a fault is told before anything is asked
  const access = await context.access();
  const [{ openCloud }, again, { proofOf }, { jobIdOf }, { carryOut }] = await Promise.all([
    import("../aws/cloud.js"),
    import("../republish/plan-again.js"),
    import("../republish/proof.js"),
    import("../job/job-id.js"),
    import("../publish/run-plan.js"),
  ]);
  const cloud = openCloud(access, host.signal);
  try {
    const now = new Date();
    const plan = await output.during(`reading job ${jobId}`, async () => {
      await cloud.iot.identity();
      const old = await again.readOldJob(cloud, jobId, now);
      const spec = again.specAgain(old, options, targets, { file: settings.file, env: host.env, now });
      const { proven, text } = await proofOf(cloud.iot, old.job);
      const unproven = `job ${jobId} has not proven its image: ${text}`;
      if (!proven && options.force !== true) {
        throw new FotaError("JOB_NOT_PROVEN", unproven, {
          hint: {
            text: "<command> shows how it went; --force promotes it all the same",
            command: ["status", jobId],
          },
        });
      }
      const made = await again.planAgain(old, spec, cloud, now, jobIdOf);
      return proven ? made : { ...made, warnings: [unproven, ...made.warnings] };
    });
    return await carryOut(context, plan, cloud, running);
  } finally {
    cloud.close();
  }
}
