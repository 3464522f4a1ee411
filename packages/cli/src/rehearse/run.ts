import { resolve } from "node:path";
import type { RehearsalJob } from "@fota/local";
import { PRESIGN_MAX_SECONDS } from "@fota/shared";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { checkReplaceable, PAGE_MARK, type ReportFile, writeReportFile } from "../files/report-file.js";
import { given } from "../given.js";
import { imageArguments } from "../image/image-spec.js";
import { readImages } from "../image/read-images.js";
import { rolloutConfigs, schedulingConfigOf } from "../job/job-request.js";
import { type JobSpec, jobSpecOf } from "../job/job-spec.js";
import { expandTargetFiles, parseTargets } from "../job/targets.js";
import type { PublishOptions } from "../publish/run.js";
import { runningOptions } from "../publish/running-options.js";
import { type FleetOptions, fleetOf, sizeOf } from "./fleet-of.js";
import { formatRehearsal } from "./format.js";
import { parseShare, wholeNumber } from "./numbers.js";
import type { RehearsalResult } from "./result.js";
import { type Rehearsed, rehearsalResult } from "./summary.js";
import { runAll, suggestionFor } from "./virtual-runs.js";

/** Holds the options of `fota rehearse`, as commander names them: its own, and all of publish. */
export interface RehearseOptions extends PublishOptions, FleetOptions {
  things?: string;
  seed?: string;
  runs?: string;
  maxBad?: string;
  html?: string;
  /** False with `--no-suggest`. */
  suggest?: boolean;
}

const THINGS_MAX = 2_000_000;
const RUNS_MAX = 1000;
const RUNS_DEFAULT = 20;
const MAX_BAD_DEFAULT = 0.01;
/** A run lasts this long from the start of the schedule; executions that are pending then stay unfinished. */
const HORIZON_MS = 30 * 86_400_000;
/** Devices in all runs together, without --runs: about 6 s of processor time. */
const DEVICES_DEFAULT_MAX = 200_000;

/**
 * Rehearses a publish on virtual devices. Needs no AWS access if `--things` or the fleet file has the number of
 * devices, and nothing is learned.
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
    fleet,
    learn,
    save,
    seed: seedText,
    runs: runsText,
    maxBad,
    html,
    suggest = true,
    ...publish
  } = options;
  const stated = things === undefined ? undefined : wholeNumber(things, "--things", 1, THINGS_MAX);
  const seed =
    seedText === undefined ? 1 : wholeNumber(seedText, "--seed", 0, Number.MAX_SAFE_INTEGER - RUNS_MAX);
  const runsGiven = runsText === undefined ? undefined : wholeNumber(runsText, "--runs", 1, RUNS_MAX);
  const maxBadShare = maxBad === undefined ? MAX_BAD_DEFAULT : parseShare(maxBad, "--max-bad");
  const page = html === undefined ? undefined : pageFile(html, host.cwd);
  if (page !== undefined) await checkReplaceable(page);
  const now = new Date();
  const spec = specOf(context, publish, now);
  for (const warning of spec.renamed) output.warn(warning);
  const to = await expandTargetFiles(options.to ?? [], host.cwd);
  const targets = to.length === 0 ? [] : parseTargets(to, Number.POSITIVE_INFINITY);
  const read = { cwd: host.cwd, signal: host.signal, inParts: false, onBytes: () => {} };
  const files = await output.during("reading the image", () => readImages(imageArguments(images), read));
  const known = await fleetOf(context, given({ fleet, learn, save }));
  const { size, thingsFrom } = await sizeOf(context, stated, known, targets);
  const rehearsed: Rehearsed = {
    thingsFrom,
    fleetFile: known.file,
    learned: known.learned,
    htmlPath: html,
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
      population: { size, groups: known.fleet.groups },
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
  if (page !== undefined) await writePage(page, result, images);
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

function pageFile(name: string, cwd: string): ReportFile {
  return { name, path: resolve(cwd, name), mark: PAGE_MARK, option: "--html" };
}

/** Loads the code of pages only when it is needed. */
async function writePage(
  file: ReportFile,
  result: RehearsalResult,
  images: readonly string[],
): Promise<void> {
  const { rehearsalPage } = await import("./rehearsal-page.js");
  await writeReportFile(file, rehearsalPage(result, images));
}
