import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { askFirst } from "../terminal/ask-first.js";

interface CancelOptions {
  thing?: string;
  force?: boolean;
  reason?: string;
  yes?: boolean;
}

const HELP = `
Without --force, things that wait get no update, and those that are at it go on
to the end. With --force these stop too: a device with fota's agent gives up and
stays on the image that it runs, also when the new one is on trial. A device
that is offline hears of it when it is back.

Canceling what is canceled already is no failure; a job that is COMPLETED cannot
be canceled.

Examples:
  $ fota cancel fota-1b7a9c --reason "wrong build"
  $ fota cancel fota-1b7a9c --thing pump-7 --force --yes`;

export function cancelCommand(contextOf: ContextOf): Command {
  return new Command("cancel")
    .summary("take a job back")
    .description("Take a job back, from all of its things or from one.")
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--thing <name>", "from this thing alone")
    .option("--force", "also from things that are at it")
    .option("--reason <text>", "kept with the job: a comment, or a code such as BAD_BUILD")
    .option("--yes", "do not ask; needed where nobody can answer")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: CancelOptions, command: Command) => {
      await runCancel(await contextOf(command), jobId, options);
    });
}

async function runCancel(context: Context, jobId: string, options: CancelOptions): Promise<void> {
  const { host, output, flags } = context;
  const { thing, force = false, yes = false } = options;
  const [{ checkJobId }, { cancelReason }] = await Promise.all([
    import("../job/job-id.js"),
    import("../cancel/reason.js"),
  ]);
  checkJobId(jobId);
  const reason = cancelReason(options.reason, thing);
  const access = await context.access();
  const [{ openIot }, { executeCancel, planCancel }, { formatCancellation, questionOf }] = await Promise.all([
    import("../aws/iot.js"),
    import("../cancel/cancel.js"),
    import("../cancel/format.js"),
  ]);
  const iot = openIot(access, host.signal);
  try {
    await iot.identity();
    const plan = await output.during(`reading job ${jobId}`, () =>
      planCancel(iot, jobId, { thing, force, flags }),
    );
    if (!plan.done) await askFirst(output, questionOf(plan), yes);
    const outcome = await output.during(`canceling job ${jobId}`, (progress) =>
      executeCancel(iot, plan, reason, progress),
    );
    output.result(outcome, formatCancellation(outcome, output.paint, flags));
  } finally {
    iot.close();
  }
}
