import { type RehearsalJob, rehearse, type Suggestion, suggestRollout, summarizeRuns } from "@fota/local";
import { FotaError, PRESIGN_MAX_SECONDS } from "@fota/shared";
import { targetArn } from "../aws/target-arn.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { given } from "../given.js";
import { imageArguments } from "../image/image-spec.js";
import { readImages } from "../image/read-images.js";
import { rolloutConfigs, schedulingConfigOf } from "../job/job-request.js";
import { type JobSpec, jobSpecOf } from "../job/job-spec.js";
import { expandTargetFiles, parseTargets, type Target } from "../job/targets.js";
import { reachOf } from "../publish/reach.js";
import type { PublishOptions } from "../publish/run.js";
import { runningOptions } from "../publish/running-options.js";
import { ASSUMED_FLEET, readFleetFile } from "./fleet-file.js";
import type { FleetFile } from "./fleet-schema.js";
import { formatRehearsal } from "./format.js";
import { NOT_WANTED } from "./result.js";
import { type Rehearsed, rehearsalResult } from "./summary.js";

/** Holds the options of `fota rehearse`, as commander names them: its own, and all of publish. */
export interface RehearseOptions extends PublishOptions {
  things?: string;
  fleet?: string;
  seed?: string;
  runs?: string;
  maxBad?: string;
  /** False with `--no-suggest`. */
  suggest?: boolean;
}

const THINGS_MAX = 2_000_000;
const RUNS_MAX = 1000;
const RUNS_DEFAULT = 20;
const MAX_BAD_DEFAULT = 0.01;
/** For more things, the search takes longer than the rehearsal, so it needs --max-bad. */
const SUGGEST_THINGS_MAX = 100_000;
/** A run lasts this long from the start of the schedule; executions that are pending then stay unfinished. */
const HORIZON_MS = 30 * 86_400_000;
/** Devices in all runs together, without --runs: about 6 s of processor time. */
const DEVICES_DEFAULT_MAX = 200_000;

/**
 * Rehearses a publish on virtual devices. Needs no AWS access if `--things` or the fleet file has the number of devices.
 * @throws {FotaError} USAGE, CONFIG_INVALID, ROLLOUT_INVALID, GROUP_EMPTY, TARGET_INVALID, THING_NOT_FOUND, and the
 * errors of image files and of AWS access
 */
export async function runRehearse(
  context: Context,
  images: string[],
  options: RehearseOptions,
): Promise<ExitCode> {
  const { host, output, settings } = context;
  const {
    things,
    fleet: fleetPath,
    seed: seedText,
    runs: runsText,
    maxBad,
    suggest = true,
    ...publish
  } = options;
  const stated = things === undefined ? undefined : wholeNumber(things, "--things", 1, THINGS_MAX);
  const seed =
    seedText === undefined ? 1 : wholeNumber(seedText, "--seed", 0, Number.MAX_SAFE_INTEGER - RUNS_MAX);
  const runsGiven = runsText === undefined ? undefined : wholeNumber(runsText, "--runs", 1, RUNS_MAX);
  const maxBadShare = maxBad === undefined ? MAX_BAD_DEFAULT : parseShare(maxBad, "--max-bad");
  const now = new Date();
  const spec = specOf(context, publish, now);
  for (const warning of spec.renamed) output.warn(warning);
  const to = await expandTargetFiles(options.to ?? [], host.cwd);
  const targets = to.length === 0 ? [] : parseTargets(to, Number.POSITIVE_INFINITY);
  const fleet = fleetPath === undefined ? ASSUMED_FLEET : await readFleetFile(fleetPath, host.cwd);
  const read = { cwd: host.cwd, signal: host.signal, inParts: false, onBytes: () => {} };
  const files = await output.during("reading the image", () => readImages(imageArguments(images), read));
  const { size, thingsFrom } = await sizeOf(context, stated, fleet, targets);
  const rehearsed: Rehearsed = {
    thingsFrom,
    fleetFile: fleetPath,
    input: {
      startMs: now.getTime(),
      horizonMs:
        HORIZON_MS + (spec.schedule.start === undefined ? 0 : spec.schedule.start.getTime() - now.getTime()),
      imageBytes: Math.max(...files.map(({ sizeBytes }) => sizeBytes)),
      ...given({ urlLifetimeMs: urlLifetimeMsOf(spec) }),
      // The same members; AWS's types also allow undefined values, and the rehearsal checks them as CreateJob does.
      job: {
        ...(spec.continuous && { targetSelection: "CONTINUOUS" }),
        ...rolloutConfigs(spec.rollout),
        ...schedulingConfigOf(spec.schedule),
      } as RehearsalJob,
      population: { size, groups: fleet.groups },
    },
  };
  const runs = runsGiven ?? Math.min(RUNS_DEFAULT, Math.max(1, Math.floor(DEVICES_DEFAULT_MAX / size)));
  const rehearsal = await runAll(context, rehearsed, { seed, runs });
  const found = await suggestionFor(context, rehearsed, {
    seed,
    maxBadShare,
    isWanted: suggest,
    isGiven: maxBad !== undefined,
  });
  const result = rehearsalResult(rehearsed, rehearsal, settings.file.prices, found);
  output.result(result, formatRehearsal(result, output));
  return EXIT.done;
}

/** Parses the options of the job as publish does. The role of `--presign iot` does not matter here. */
function specOf({ host, settings }: Context, options: PublishOptions, now: Date) {
  const { role: _role, makeGroup: _group, ...job } = runningOptions(options).job;
  const file = { ...settings.file, role: "any" };
  return jobSpecOf(job, [], { file, env: host.env, now });
}

/** Returns how long a URL of `--presign cli` works. The credentials that sign it may end earlier. */
function urlLifetimeMsOf({ presign }: JobSpec): number | undefined {
  return presign.by === "iot" ? undefined : (presign.expiresInSeconds ?? PRESIGN_MAX_SECONDS) * 1000;
}

async function sizeOf(
  context: Context,
  stated: number | undefined,
  fleet: FleetFile,
  targets: readonly Target[],
): Promise<{ size: number; thingsFrom: Rehearsed["thingsFrom"] }> {
  if (stated !== undefined) return { size: stated, thingsFrom: "--things" };
  if (fleet.size !== undefined) return { size: fleet.size, thingsFrom: "--fleet" };
  if (targets.length === 0) {
    throw new FotaError("USAGE", "the number of devices is not known", {
      hint: "give --things 1000, or --to to count the things of the targets",
    });
  }
  const reach = await context.output.during("counting the things", () =>
    withIot(context, async (iot) => {
      for (const target of targets) await targetArn(iot, target);
      return await reachOf(iot, targets);
    }),
  );
  if (reach.unknown !== undefined) {
    throw new FotaError("USAGE", `the things cannot be counted: ${reach.unknown}`, {
      hint: "give their number: --things 100000",
    });
  }
  if (reach.things.length > 0) return { size: reach.things.length, thingsFrom: "--to" };
  throw new FotaError("GROUP_EMPTY", `there is no thing in ${targets.map(({ text }) => text).join(", ")}`, {
    hint: "give the number of devices that you expect: --things 1000",
  });
}

/** Runs one seed after the other, so that the command can be interrupted in between. */
async function runAll(
  { host, output }: Context,
  { input }: Rehearsed,
  { seed, runs: count }: { seed: number; runs: number },
) {
  return await output.during("rehearsing", async (progress) => {
    const runs = [];
    for (let index = 0; index < count; index += 1) {
      progress(`rehearsing: run ${index + 1} of ${count}`);
      await new Promise((resolve) => setImmediate(resolve));
      host.signal.throwIfAborted();
      runs.push(...rehearse(input, { seed: seed + index }).runs);
    }
    return summarizeRuns(runs);
  });
}

/** Returns a suggestion, or the reason why there is none. */
async function suggestionFor(
  context: Context,
  { input }: Rehearsed,
  options: { seed: number; maxBadShare: number; isWanted: boolean; isGiven: boolean },
): Promise<Suggestion | string> {
  const { isWanted, isGiven, ...search } = options;
  if (!isWanted) return NOT_WANTED;
  if (input.population.size > SUGGEST_THINGS_MAX && !isGiven) {
    return `for more than ${SUGGEST_THINGS_MAX} things, it needs --max-bad`;
  }
  const found = await searchRollout(context, suggestRollout(input, search));
  return (
    found ??
    "no abort rule can tell an image that fails on 30 % of the devices from this fleet's own failures"
  );
}

/** Searches step by step, so that the command can be interrupted in between. */
async function searchRollout(
  { host, output }: Context,
  steps: ReturnType<typeof suggestRollout>,
): Promise<Suggestion | undefined> {
  return await output.during("searching a rate and an abort rule", async (progress) => {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      progress(`searching a rate and an abort rule: ${step.value}`);
      await new Promise((resolve) => setImmediate(resolve));
      host.signal.throwIfAborted();
    }
  });
}

/** Parses `1%` or `0.5%`. */
function parseShare(text: string, flag: string): number {
  const [, number = ""] = /^(\d{1,3}(?:\.\d{1,3})?) ?%$/.exec(text.trim()) ?? [];
  const share = Number(number) / 100;
  if (number !== "" && share > 0 && share <= 1) return share;
  throw new FotaError("USAGE", `${flag} must be a percentage above 0, got ${JSON.stringify(text)}`, {
    hint: `write ${flag} 1%`,
  });
}

function wholeNumber(text: string, flag: string, min: number, max: number): number {
  const number = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new FotaError(
    "USAGE",
    `${flag} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`,
  );
}
