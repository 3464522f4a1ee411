import { FotaError, isFotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import type { Host } from "../host.js";
import { readImageFile } from "../image/image-file.js";
import { imageArguments } from "../image/image-spec.js";
import { readJobWithDocument } from "../job/read-job.js";
import { readFleetFile } from "../rehearse/fleet-file.js";
import type { FleetFile } from "../rehearse/fleet-schema.js";
import { formatTime } from "../terminal/format.js";
import { acceptStage } from "./accept-stage.js";
import { advanceRollout, type RolloutEnd } from "./advance.js";
import type { Advancing } from "./advancing.js";
import { formatRollout } from "./format.js";
import { type RolloutPlan, readRolloutPlan } from "./plan-file.js";
import { digestsIn, type PlannedStageJob, planStages, shortestSeconds } from "./plan-stages.js";
import { rehearseStage } from "./rehearse-stage.js";
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
  const { host, output } = context;
  const plan = await readRolloutPlan(path, host);
  const fleet = options.fleet === undefined ? undefined : await readFleetFile(options.fleet, host.cwd);
  return await withCloud(context, async (cloud) => {
    const states = await output.during(`reading rollout ${plan.name}`, () => readStages(cloud.iot, plan));
    if (options.status === true) return show(context, plan, states);
    const isStarted = states.some(({ started }) => started !== undefined);
    if (isStarted) await checkImage(cloud, plan, states, host);
    // The first run has checked all stages. A run of cron that only waits must not list all things again.
    const isBrief = isStarted && options.once === true;
    const planned = isBrief
      ? []
      : await output.during("checking all stages", () => planStages(context, cloud, plan, states));
    warn(context, planned);
    if (options.dryRun === true) return await showPlan(context, plan, states, planned, fleet);
    if (options.accept !== undefined) {
      const accepted = await acceptStage({ cloud, plan }, states, options.accept);
      states[accepted.stage.number - 1] = accepted;
    }
    if (!isStarted) await confirm(context, planned, options.yes === true);
    // A plan ages: only the stage that starts now may use it.
    const first = isStarted ? undefined : planned[0]?.plan;
    const run = { context, cloud, plan, states, planned: first, once: options.once === true };
    const end = await advance(run);
    // The jobs of earlier stages may have changed since they were read.
    const last = await readStages(cloud.iot, plan);
    const result = rolloutResult(plan, last, end);
    output.result(result, formatRollout(plan, result, output));
    return EXIT_CODES[end.kind];
  });
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
function show({ output }: Context, plan: RolloutPlan, states: readonly StageState[]): ExitCode {
  const result = rolloutResult(plan, states, undefined);
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
  for (const each of planned) {
    const rehearsal = fleet === undefined ? undefined : await rehearseStage(context, each, fleet);
    plans.set(each.stage.name, plannedResult(each, rehearsal));
  }
  const result = rolloutResult(plan, states, undefined, plans);
  output.result(result, `${formatRollout(plan, result, output)}\n\nnothing was changed (--dry-run)`);
  return EXIT.done;
}

/** Shows the warnings of all stages, each text once. */
function warn({ output }: Context, planned: readonly PlannedStageJob[]): void {
  const seen = new Set<string>();
  for (const { stage, plan } of planned) {
    for (const warning of plan.warnings.filter((text) => !seen.has(text))) {
      seen.add(warning);
      output.warn(`stage ${stage.name}: ${warning}`);
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

/**
 * Refuses to continue a rollout whose image file is another one now: the next stages get the image of the first one. A
 * file that is not on this machine is not needed.
 * @throws {FotaError} ROLLOUT_CHANGED
 */
async function checkImage(
  cloud: Cloud,
  plan: RolloutPlan,
  states: readonly StageState[],
  { signal }: Pick<Host, "signal">,
): Promise<void> {
  const jobId = states.find(({ started }) => started !== undefined)?.stage.jobId;
  if (plan.source.kind !== "publish" || jobId === undefined) return;
  const { decoded } = await readJobWithDocument(cloud.iot, jobId);
  if (decoded.kind !== "order") return; // promoting it says why
  const digests = digestsIn(decoded.document);
  for (const image of imageArguments(plan.source.request.images)) {
    const file = await readImageFile(image, {
      cwd: plan.folder,
      signal,
      inParts: false,
      onBytes: () => {},
    }).catch((error: unknown) => {
      if (isFotaError(error, "IMAGE_NOT_FOUND")) return undefined;
      throw error;
    });
    if (file === undefined || digests.has(file.sha256)) continue;
    throw new FotaError(
      "ROLLOUT_CHANGED",
      `${image.path} is not the image of rollout ${plan.name}, which has started`,
      {
        hint: "give the plan another name to roll out this image; to continue the rollout with its own image, restore the file or move it away",
      },
    );
  }
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
