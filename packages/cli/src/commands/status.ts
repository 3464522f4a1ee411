import { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { waitTimeoutMs } from "../flags.js";
import type { Shown } from "../status/summary.js";

interface StatusOptions {
  things?: boolean;
  failed?: boolean;
  thing?: string;
  wait?: boolean;
  waitTimeout?: string;
}

const HELP = `
A job has ended when AWS IoT says COMPLETED, or when it was canceled and no
thing is still at it. A continuous job counts as ended when all the executions
that it has so far have ended.

--json prints {jobId, status, counts: {queued, inProgress, succeeded, failed,
timedOut, rejected, removed, canceled}, total, executions?: [{thing, status,
executionNumber, queuedAt, startedAt, lastUpdatedAt, phase, percent, reason,
detail, ...}]}; executions are there with --things, --failed and --thing.
Exit codes with --wait: 0 all succeeded, 3 some did not, 1 --wait-timeout passed.`;

export function statusCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("status")
    .summary("show where a job stands")
    .description(
      "Show where a job stands: counts, and each thing of a small job with its progress or its cause.",
    )
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--things", "list every thing")
    .option("--failed", "list the things that did not succeed")
    .option("--thing <name>", "show one thing")
    .option("--wait", "follow the job to its end; exit code 3 if things did not succeed")
    .option("--wait-timeout <duration>", "longest time to --wait: 30m, 2h")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: StatusOptions, command: Command) => {
      exitWith(await runStatus(await contextOf(command), jobId, options));
    });
}

async function runStatus(context: Context, jobId: string, options: StatusOptions): Promise<ExitCode> {
  const { host, output } = context;
  const timeoutMs = waitTimeoutMs(options);
  const shown = shownOf(options, output.json);
  const { checkJobId } = await import("../publish/job-id.js");
  checkJobId(jobId);
  const access = await context.access();
  const [{ openIot }, { readJobState }, { formatSummary }] = await Promise.all([
    import("../aws/iot.js"),
    import("../status/summary.js"),
    import("../status/format.js"),
  ]);
  const iot = openIot(access, host.signal);
  try {
    await iot.identity();
    if (options.wait !== true) {
      const { summary } = await output.during(`reading job ${jobId}`, () => readJobState(iot, jobId, shown));
      output.result(summary, formatSummary(summary, output.paint, output.columns));
      return EXIT.done;
    }
    const { exitCodeOfJob, waitForJob } = await import("../status/wait.js");
    const summary = await waitForJob(iot, jobId, shown, { output, signal: host.signal, timeoutMs });
    output.result(summary, formatSummary(summary, output.paint, output.columns));
    return exitCodeOfJob(summary);
  } finally {
    iot.close();
  }
}

function shownOf({ things, failed, thing }: StatusOptions, json: boolean): Shown {
  if ([things, failed, thing].filter((option) => option !== undefined).length > 1) {
    throw new FotaError("USAGE", "--things, --failed and --thing do not go together");
  }
  if (thing !== undefined) return { kind: "thing", thing };
  if (failed === true) return { kind: "failed" };
  if (things === true) return { kind: "all" };
  return { kind: json ? "none" : "few" };
}
