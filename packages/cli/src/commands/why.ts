import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";

interface WhyOptions {
  thing?: string;
  utc?: boolean;
}

const HELP = `
Reads the job, the thing's execution and the tries before it, its other jobs,
certificate and policies, whether it is connected (where AWS IoT indexes that),
the image in S3 and how long its URL works. What the credentials in use may not
look at is told, and the rest explained all the same. Nothing is changed.

docs/operations.md has all causes, and the permissions that it takes.

Examples:
  $ fota why fota-1b7a9c
  $ fota why fota-1b7a9c --thing pump-7
  $ fota why fota-1b7a9c --thing pump-7 --json | jq -r .cause

Exit codes: 0 explained, whatever it is; 1 there is no such job.`;

export function whyCommand(contextOf: ContextOf): Command {
  return new Command("why")
    .summary("explain why a job, or one thing of it, is where it is")
    .description(
      "Explain in a sentence why a job, or one thing of it, is where it is, and what to type next.",
    )
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--thing <name>", "explain this thing")
    .option("--utc", "times as such, not how long ago")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: WhyOptions, command: Command) => {
      await runWhy(await contextOf(command), jobId, options);
    });
}

async function runWhy(context: Context, jobId: string, options: WhyOptions): Promise<void> {
  const { host, output, flags } = context;
  const [{ checkJobId }, { parseTargets }] = await Promise.all([
    import("../job/job-id.js"),
    import("../job/targets.js"),
  ]);
  checkJobId(jobId);
  const [target] = options.thing === undefined ? [] : parseTargets([options.thing], 1);
  // A thing may be called `group:x`; of an ARN its name is what counts.
  const thing = target?.arn === undefined ? options.thing : target.name;
  const access = await context.access();
  const [
    { openCloud },
    { readFacts },
    { explain },
    { sayAt },
    { formatExplanation },
    { formatSkew, isSkewed },
  ] = await Promise.all([
    import("../aws/cloud.js"),
    import("../why/read.js"),
    import("../why/explain.js"),
    import("../why/say.js"),
    import("../why/format.js"),
    import("../aws/clock.js"),
  ]);
  const cloud = openCloud(access, host.signal);
  try {
    await cloud.iot.identity();
    const facts = await output.during(`looking into ${jobId}`, () => readFacts(cloud, jobId, thing));
    const ahead = access.clock.aheadSeconds();
    const skewed = isSkewed(ahead);
    const now = new Date(Date.now() - (skewed ? ahead * 1000 : 0));
    const clock = skewed ? `${formatSkew(ahead)} of AWS's` : undefined;
    if (clock !== undefined) output.warn(`${clock}; what follows goes by the clock of AWS`);
    const say = sayAt(now, { absolute: options.utc === true || output.json, flags, access, clock });
    const explanation = explain(facts, thing, say);
    output.result(explanation, formatExplanation(explanation, output.paint, output.columns));
  } finally {
    cloud.close();
  }
}
