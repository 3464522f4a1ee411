import {
  FotaError,
  JOB_DESCRIPTION_MAX_LENGTH,
  JOB_TARGETS_MAX,
  VERSION_MAX_LENGTH,
  VERSION_PATTERN,
} from "@fota/shared";
import { given } from "../given.js";
import type { FileSettings } from "../settings/config-schema.js";
import type { SettingSources } from "../settings/settings.js";
import { presetTimeoutRenamed, renameTimeout, TIMEOUT_RENAMED } from "./former-timeout.js";
import { checkGroupName } from "./group-name.js";
import { checkJobId } from "./job-id.js";
import type { JobOptions } from "./job-options.js";
import { checkPackageName } from "./package-name.js";
import { type Presign, type PriorPresign, resolvePresign } from "./presign.js";
import { parseRollout, parseTags, type Rollout } from "./rollout.js";
import { parseSchedule, type Schedule, type ScheduleTexts } from "./schedule.js";
import { checkTargetCount, type Target } from "./targets.js";

/** Describes the job to create, apart from its images; its options are checked without any request. */
export interface JobSpec {
  /** Empty only if nothing is created: `fota doctor` needs no target. */
  targets: Target[];
  /** Says whether things that join the groups later get the job too. */
  continuous: boolean;
  /** Names the static group to put the things into. */
  makeGroup: string | undefined;
  presign: Presign;
  jobId: string | undefined;
  fwVersion: string | undefined;
  model: string | undefined;
  minVersion: string | undefined;
  description: string | undefined;
  tags: Record<string, string>;
  rollout: Rollout;
  schedule: Schedule;
  /** Keeps the schedule as it was given, so that `+2h` an hour later is the same publish. */
  scheduleTexts: ScheduleTexts;
  /** Says whether devices have the original library: then documents that harm them are refused. */
  legacy: boolean;
  /** Names the software package that the firmware is a version of. */
  packageName: string | undefined;
  /** Lists the ARNs of the package versions that an earlier job installs. */
  packageArns: readonly string[];
  /** Lists warnings about options and settings that were renamed. */
  renamed: string[];
}

/** Holds the values of an earlier job: options override them, and they override the settings. */
export interface PriorJob {
  presign: PriorPresign;
  rollout: Rollout;
  description: string | undefined;
  fwVersion: string | undefined;
  model: string | undefined;
  minVersion: string | undefined;
  packageArns: readonly string[];
}

export interface JobSources extends SettingSources {
  now: Date;
}

const MODEL_MAX_LENGTH = 128;

/**
 * Resolves each value from the options, then an earlier job, then the environment, then `fota.config.json`.
 * @throws {FotaError} the codes of wrong usage
 */
export function jobSpecOf(
  options: JobOptions,
  targets: readonly Target[],
  sources: JobSources,
  prior?: PriorJob,
): JobSpec {
  const { file, now } = sources;
  const preset = renameTimeout(presetOf(options.rollout, file), presetTimeoutRenamed(options.rollout));
  const stated = renameTimeout(given(options), TIMEOUT_RENAMED);
  const texts = { ...preset.texts, ...stated.texts };
  const scheduleTexts = scheduleTextsIn(texts);
  const continuous = options.continuous ?? false;
  const model = checkModel(options.model ?? prior?.model ?? file.model);
  const makeGroup = checkGroupName(options.makeGroup);
  if (makeGroup === undefined) checkTargetCount(targets, JOB_TARGETS_MAX);
  else checkOnlyThings(targets);
  return {
    targets: [...targets],
    continuous,
    makeGroup,
    presign: resolvePresign(options, sources, prior?.presign),
    jobId: options.jobId === undefined ? undefined : checkJobId(options.jobId),
    fwVersion: checkVersion(options.fwVersion ?? prior?.fwVersion, "--fw-version"),
    model,
    minVersion: checkVersion(options.minVersion ?? prior?.minVersion, "--min-version"),
    description: checkDescription(options.description ?? prior?.description),
    tags: parseTags(options.tag ?? []),
    rollout: parseRollout(texts, prior?.rollout),
    schedule: parseSchedule(scheduleTexts, continuous, now),
    scheduleTexts,
    legacy: options.legacy ?? (model !== undefined && (file.legacyModels ?? []).includes(model)),
    packageName: prior === undefined ? checkPackageName(options.package ?? file.package) : undefined,
    packageArns: prior?.packageArns ?? [],
    renamed: [...preset.warnings, ...stated.warnings],
  };
}

function presetOf(name: string | undefined, { rollouts = {} }: FileSettings) {
  if (name === undefined) return {};
  const preset = Object.hasOwn(rollouts, name) ? rollouts[name] : undefined;
  if (preset !== undefined) return preset;
  const known = Object.keys(rollouts).join(", ");
  throw new FotaError("ROLLOUT_INVALID", `there is no rollout ${JSON.stringify(name)} in fota.config.json`, {
    hint: known === "" ? 'write it there: {"rollouts": {"careful": {"rate": "10/min"}}}' : `it has ${known}`,
  });
}

function scheduleTextsIn({ start, end, atEnd, window }: ScheduleTexts): ScheduleTexts {
  return {
    ...given({ start, end, atEnd, window }),
  };
}

/** Checks that all targets are things: a group cannot contain groups. */
function checkOnlyThings(targets: readonly Target[]): void {
  const group = targets.find(({ kind }) => kind === "group");
  if (group === undefined) return;
  throw new FotaError("USAGE", `--make-group is for things, and ${group.text} is a group`, {
    hint: "leave --make-group out: a group is a target by itself",
  });
}

/** Checks a version. @throws {FotaError} VERSION_INVALID, naming `flag` */
export function checkVersion(version: string | undefined, flag: string): string | undefined {
  if (version === undefined) return undefined;
  if (version.length <= VERSION_MAX_LENGTH && VERSION_PATTERN.test(version)) return version;
  throw new FotaError("VERSION_INVALID", `${flag} must be a version, got ${JSON.stringify(version)}`, {
    hint: "write 1.4.0, v2 or 1.4.0-rc.1+build7",
  });
}

/** Checks a model. @throws {FotaError} USAGE */
export function checkModel(model: string | undefined): string | undefined {
  if (model === undefined || (model !== "" && model.length <= MODEL_MAX_LENGTH)) return model;
  throw new FotaError("USAGE", `--model must have 1 to ${MODEL_MAX_LENGTH} characters, got ${model.length}`);
}

function checkDescription(description: string | undefined): string | undefined {
  if (description === undefined) return undefined;
  if (description.length <= JOB_DESCRIPTION_MAX_LENGTH && !/\p{C}/u.test(description)) return description;
  const limit = `at most ${JOB_DESCRIPTION_MAX_LENGTH} characters, without line breaks and control characters`;
  throw new FotaError("USAGE", `--description takes ${limit}`);
}
