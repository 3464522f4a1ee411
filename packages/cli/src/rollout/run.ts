import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { withScratchFolder } from "../files/scratch-folder.js";
import { readFleetFile } from "../rehearse/fleet-file.js";
import type { FleetFile } from "../rehearse/fleet-schema.js";
import { formatTime } from "../terminal/format.js";
import { acceptStage } from "./accept-stage.js";
import { advanceRollout } from "./advance.js";
import type { Advancing, RolloutEnd } from "./advancing.js";
import { checkImage } from "./check-image.js";
import { formatRollout } from "./format.js";
import { judgeNow } from "./judge-stage.js";
import { type RolloutPlan, readRolloutPlan } from "./plan-file.js";
import { type PlannedStageJob, planStages, shortestSeconds } from "./plan-stages.js";
import type { PlannedStageResult } from "./result.js";
import { readStages, type StageState } from "./stages.js";
import { plannedResult, rolloutResult } from "./summary.js";

/** Holds the options of `fota rollout`, as commander names them. */
export interface RolloutOptions {
  status?: boolean;
  dryRun?: boolean;
  fleet?: string;
  once?: boolean;
  accept?: string;
  yes?: boolean;
}

const CONFIRM_ABOVE_DEFAULT = 100;

/**
 * Runs `fota rollout`: starts or continues the rollout of a plan, or shows where it stands.
 * @throws {FotaError} CONFIG_INVALID, USAGE, ROLLOUT_CHANGED, DECLINED, INTERRUPTED, and what planning and publishing
 * throw
 */
export async function runRollout(context: Context, path: string, options: RolloutOptions): Promise<ExitCode> {
  checkOptions(options);
  const { host } = context;
  const plan = await readRolloutPlan(path, host, { isRead: options.status === true });
  const fleet = options.fleet === undefined ? undefined : await readFleetFile(options.fleet, host.cwd);
  return await withScratchFolder((scratch) =>
    withCloud(context, (cloud) => runStages(context, cloud, { plan, fleet, scratch }, options)),
  );
}

async function runStages(
  context: Context,
  cloud: Cloud,
  { plan, fleet, scratch }: { plan: RolloutPlan; fleet: FleetFile | undefined; scratch(): Promise<string> },
  options: RolloutOptions,
): Promise<ExitCode> {
  const { host, output } = context;
  const states = await output.during(`reading rollout ${plan.name}`, () => readStages(cloud.iot, plan));
  if (options.status === true) return await show(context, cloud, plan, states);
  const isStarted = states.some(({ started }) => started !== undefined);
  if (isStarted) await checkImage(cloud, plan, states, host);
  // The first run has checked all stages. A run of cron that only waits must not list all things again.
  const isBrief = isStarted && options.once === true;
  const planned = isBrief
    ? []
    : await output.during("checking all stages", () => planStages(context, cloud, plan, states, scratch));
  warn(context, planned);
  if (options.dryRun === true) return await showPlan(context, plan, states, planned, fleet);
  if (options.accept !== undefined) {
    const accepted = await acceptStage({ cloud, plan }, states, options.accept);
    states[accepted.stage.number - 1] = accepted;
  }
  if (!isStarted) await confirm(context, planned, options.yes === true);
  // A plan ages: only the stage that starts now may use it.
  const first = isStarted ? undefined : planned[0]?.plan;
  const run = { context, cloud, plan, states, planned: first, scratch, once: options.once === true };
  const end = await advance(run);
  // The jobs of earlier stages may have changed since they were read.
  const last = await readStages(cloud.iot, plan);
  const result = rolloutResult(plan, last, end);
  output.result(result, formatRollout(plan, result, output));
  return EXIT_CODES[end.kind];
}

const EXIT_CODES: Readonly<Record<RolloutEnd["kind"], ExitCode>> = {
  done: EXIT.done,
  waiting: EXIT.waiting,
  stopped: EXIT.thingsFailed,
};

/** Advances the rollout. @throws {FotaError} INTERRUPTED with the command that continues */
async function advance(run: Advancing): Promise<RolloutEnd> {
  try {
    return await advanceRollout(run);
  } catch (cause) {
    if (!run.context.host.signal.aborted) throw cause;
    throw new FotaError("INTERRUPTED", "interrupted", {
      hint: {
        text: "jobs that were created continue; run <command> to continue the rollout",
        command: ["rollout", run.plan.path],
      },
      cause,
    });
  }
}

/** Shows where the rollout stands. */
async function show(
  { output }: Context,
  cloud: Cloud,
  plan: RolloutPlan,
  states: readonly StageState[],
): Promise<ExitCode> {
  const result = rolloutResult(plan, states, await judgeNow(cloud, states));
  output.result(result, formatRollout(plan, result, output));
  return EXIT.done;
}

async function showPlan(
  context: Context,
  plan: RolloutPlan,
  states: readonly StageState[],
  planned: readonly PlannedStageJob[],
  fleet: FleetFile | undefined,
): Promise<ExitCode> {
  const { output } = context;
  const plans = new Map<string, PlannedStageResult>();
  for (const each of planned)
    plans.set(each.stage.name, plannedResult(each, await rehearseIn(context, each, fleet)));
  const result = rolloutResult(plan, states, undefined, plans);
  output.result(result, `${formatRollout(plan, result, output)}\n\nnothing was changed (--dry-run)`);
  return EXIT.done;
}

async function rehearseIn(context: Context, planned: PlannedStageJob, fleet: FleetFile | undefined) {
  if (fleet === undefined) return undefined;
  const { rehearseStage } = await import("./rehearse-stage.js"); // loads the model of the stand-in
  return await rehearseStage(context, planned, fleet);
}

/** Shows the warnings of all stages, each text once. */
function warn({ output }: Context, planned: readonly PlannedStageJob[]): void {
  const seen = new Set<string>();
  for (const { stage, plan } of planned) {
    for (const { message } of plan.warnings.filter((warning) => !seen.has(warning.message))) {
      seen.add(message);
      output.warn(`stage ${stage.name}: ${message}`);
    }
    const { timeoutSeconds } = stage.gate;
    if (plan.spec.presign.by === "cli" && timeoutSeconds > plan.expiresInSeconds) {
      output.warn(
        `stage ${stage.name}: its gate waits longer than its URL works: a device that is off until then cannot update`,
      );
    }
  }
  const now = new Date();
  const seconds = planned.reduce((sum, each) => sum + shortestSeconds(each, now), 0);
  const expiry = planned[0]?.plan.credentialsExpireAt;
  if (expiry !== undefined && now.getTime() + seconds * 1000 > expiry.getTime()) {
    output.warn(
      `these credentials end at ${formatTime(expiry.toISOString())}, before the rollout can: run the command again then, or run it with --once from time to time`,
    );
  }
}

/** Asks before a rollout to many things starts. @throws {FotaError} DECLINED */
async function confirm(
  { output, settings }: Context,
  planned: readonly PlannedStageJob[],
  yes: boolean,
): Promise<void> {
  const { confirmAbove = CONFIRM_ABOVE_DEFAULT } = settings.file;
  const things = new Set(planned.flatMap(({ plan }) => plan.reach.things));
  const isKnown = planned.every(({ plan }) => plan.reach.unknown === undefined);
  if (yes || !output.canAsk || (things.size <= confirmAbove && isKnown)) return;
  const count = isKnown ? String(things.size) : "an unknown number of";
  if (await output.confirm(`roll out to ${count} things in ${planned.length} stages?`)) return;
  throw new FotaError("DECLINED", "not started; nothing was changed", {
    hint: "use --yes to skip the question, or set confirmAbove in fota.config.json to ask only above that number of things",
  });
}

/** @throws {FotaError} USAGE */
function checkOptions({ status, dryRun, fleet, once, accept }: RolloutOptions): void {
  const reading = status === true ? "--status" : dryRun === true ? "--dry-run" : undefined;
  const changing = once === true ? "--once" : accept !== undefined ? "--accept" : undefined;
  if (reading !== undefined && changing !== undefined) {
    throw new FotaError("USAGE", `${reading} changes nothing, and ${changing} does`, {
      hint: "leave one of them out",
    });
  }
  if (status === true && dryRun === true) {
    throw new FotaError("USAGE", "--status and --dry-run cannot be used together");
  }
  if (fleet !== undefined && dryRun !== true) {
    throw new FotaError("USAGE", "--fleet rehearses the stages, and --dry-run is not given", {
      hint: "add --dry-run",
    });
  }
}
