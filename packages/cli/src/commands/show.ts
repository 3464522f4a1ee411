import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { escapeInJson, writeResult } from "../terminal/text.js";

interface ShowOptions {
  document?: boolean;
  key?: string;
  utc?: boolean;
}

const HELP = `
The rollout is shown in options of \`fota publish\`. Presigned URLs are shown
without their signatures, which let anybody download the image; --json and
--document have them whole.

Examples:
  $ fota show fota-1b7a9c
  $ fota show fota-1b7a9c --key release-2026.pub.pem
  $ fota show fota-1b7a9c --document | jq .bc_url`;

export function showCommand(contextOf: ContextOf): Command {
  return new Command("show")
    .summary("show a job and its document, decoded and checked")
    .description(
      "Show a job as it was made, its document decoded and checked, its images in S3, and how long its URL works.",
    )
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--document", "print the document alone, as devices get it")
    .option("--key <file>", "public key to check the signatures with: PEM, or base64")
    .option("--utc", "times as such, not how long ago")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: ShowOptions, command: Command) => {
      await runShow(await contextOf(command), jobId, options);
    });
}

async function runShow(context: Context, jobId: string, options: ShowOptions): Promise<void> {
  const { host, output, flags } = context;
  const [{ checkJobId }, { readPublicKey }] = await Promise.all([
    import("../job/job-id.js"),
    import("../show/public-key.js"),
  ]);
  checkJobId(jobId);
  const key = options.key === undefined ? undefined : await readPublicKey(options.key, host.cwd);
  const access = await context.access();
  const [{ openCloud }, { getJobDocument }, { showJob }, { formatShownJob }] = await Promise.all([
    import("../aws/cloud.js"),
    import("../aws/jobs.js"),
    import("../show/show.js"),
    import("../show/format.js"),
  ]);
  const cloud = openCloud(access, host.signal);
  try {
    await cloud.iot.identity();
    if (options.document === true) {
      const text = await output.during(`reading the document of ${jobId}`, () =>
        getJobDocument(cloud.iot, jobId),
      );
      writeResult(host.stdout, `${escapeInJson(text)}\n`);
      return;
    }
    const now = new Date();
    const job = await output.during(`reading job ${jobId}`, () => showJob(cloud, jobId, { key, now }));
    const { paint, columns } = output;
    output.result(job, formatShownJob(job, { paint, columns, now, utc: options.utc ?? false, flags }));
  } finally {
    cloud.close();
  }
}
