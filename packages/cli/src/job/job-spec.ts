import {
  FotaError,
  IOT_PRESIGN_MAX_SECONDS,
  IOT_PRESIGN_MIN_SECONDS,
  JOB_DESCRIPTION_MAX_LENGTH,
  JOB_TARGETS_MAX,
  PRESIGN_MAX_SECONDS,
  THING_NAME_MAX_LENGTH,
  THING_NAME_PATTERN,
  VERSION_MAX_LENGTH,
  VERSION_PATTERN,
} from "@fota/shared";
import type { PublishRequest } from "../publish/request.js";
import type { FileSettings } from "../settings/config-schema.js";
import { parseDurationSeconds, parseSlot } from "../settings/flags.js";
import { readVariable } from "../settings/stray-character.js";
import { checkJobId } from "./job-id.js";
import { parseRollout, parseTags, type Rollout } from "./rollout.js";
import { parseSchedule, type Schedule, type ScheduleTexts } from "./schedule.js";
import { parseTargets, type Target } from "./targets.js";

/** What a publish was asked to do, checked as far as that goes without looking at anything else. */
export interface JobSpec {
  images: ImageArgument[];
  /** The slot whose image the legacy keys carry; `undefined`: the first image's. */
  slot: number | undefined;
  /** `slot` is from the command line and not a default of the settings file: what disagrees with it is an error. */
  slotIsStated: boolean;
  targets: Target[];
  /** Later members of the groups get the job too. */
  continuous: boolean;
  /** Name of the static group to put the things into. */
  makeGroup: string | undefined;
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  presign: Presign;
  jobId: string | undefined;
  fwVersion: string | undefined;
  model: string | undefined;
  minVersion: string | undefined;
  description: string | undefined;
  tags: Record<string, string>;
  rollout: Rollout;
  schedule: Schedule;
  /** The schedule as it was given: `+2h` is the same publish an hour later. */
  scheduleTexts: ScheduleTexts;
  /** Devices with the original library get it: refuse what they do not survive. */
  legacy: boolean;
}

/** An image as it was named; `slot` where the name said it: `1=app.bin`. */
export interface ImageArgument {
  path: string;
  slot: number | undefined;
}

/** Who makes the URL that devices download from. */
type Presign =
  /** We, once; `undefined`: as long as can be. */
  | { by: "cli"; expiresInSeconds: number | undefined }
  /** AWS IoT, each time that a device asks, as `role`: a name or an ARN. */
  | { by: "iot"; expiresInSeconds: number; role: string };

/** Shorter than this no device would get to use the URL. */
const EXPIRES_MIN_SECONDS = 60;
const MODEL_MAX_LENGTH = 128;
/** What S3 advises for keys: such names need no escaping in the URL that devices parse. */
const SAFE_KEY_PATTERN = /^[A-Za-z0-9._/-]*$/;

/**
 * Settles a request with what the environment and `fota.config.json` say, in this order.
 * @throws {FotaError} the codes of wrong usage
 */
export function orderOf(
  request: PublishRequest,
  { file, env, now }: { file: FileSettings; env: Readonly<Record<string, string | undefined>>; now: Date },
): JobSpec {
  const rolloutTexts = { ...presetOf(request.rollout, file), ...definedOf(request) };
  const scheduleTexts = scheduleTextsIn(rolloutTexts);
  const continuous = request.continuous ?? false;
  const model = checkModel(request.model ?? file.model);
  const makeGroup = checkGroupName(request.makeGroup);
  const slot = request.slot ?? file.slot;
  return {
    images: imageArguments(request.images),
    slot: slot === undefined ? undefined : parseSlot(String(slot)),
    slotIsStated: request.slot !== undefined,
    targets: parseTargets(request.to, makeGroup === undefined ? JOB_TARGETS_MAX : Number.POSITIVE_INFINITY),
    continuous,
    makeGroup: onlyThings(makeGroup, request.to),
    bucket: checkBucketName(request.bucket ?? readVariable(env, "FOTA_BUCKET") ?? file.bucket),
    prefix: checkPrefix(
      request.prefix ?? readVariable(env, "FOTA_PREFIX") ?? env["FOTA_PREFIX"] ?? file.prefix ?? "fota",
    ),
    presign: presignOf(request, file, env),
    jobId: request.jobId === undefined ? undefined : checkJobId(request.jobId),
    fwVersion: checkVersion(request.fwVersion, "--fw-version"),
    model,
    minVersion: checkVersion(request.minVersion, "--min-version"),
    description: checkDescription(request.description),
    tags: parseTags(request.tag ?? []),
    rollout: parseRollout(rolloutTexts),
    schedule: parseSchedule(scheduleTexts, continuous, now),
    scheduleTexts,
    legacy: request.legacy ?? (model !== undefined && (file.legacyModels ?? []).includes(model)),
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
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(atEnd !== undefined && { atEnd }),
    ...(window !== undefined && { window }),
  };
}

function definedOf<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function imageArguments(texts: readonly string[]): ImageArgument[] {
  const images = texts.map((text) => {
    const [, slot, path] = /^(\d{1,9})=(.+)$/s.exec(text) ?? [];
    return path === undefined ? { path: text, slot: undefined } : { path, slot: Number(slot) };
  });
  if (images.length > 0) return images;
  throw new FotaError("USAGE", "no image is given");
}

/** A group is made of things; groups and ARNs of groups cannot go into it. */
function onlyThings(makeGroup: string | undefined, to: readonly string[]): string | undefined {
  if (makeGroup === undefined) return undefined;
  const group = parseTargets(to, Number.POSITIVE_INFINITY).find(({ kind }) => kind === "group");
  if (group === undefined) return makeGroup;
  throw new FotaError("USAGE", `--make-group is for things, and ${group.text} is a group`, {
    hint: "leave --make-group out: a group is a target as it is",
  });
}

function presignOf(
  request: PublishRequest,
  file: FileSettings,
  env: Readonly<Record<string, string | undefined>>,
): Presign {
  const by = request.presign ?? file.presign ?? "cli";
  const expires = request.expires ?? readVariable(env, "FOTA_EXPIRES") ?? file.expires;
  if (by === "cli") {
    if (request.role !== undefined) {
      throw new FotaError("USAGE", "--role is for --presign iot, where AWS IoT presigns the URL");
    }
    return { by, expiresInSeconds: checkExpires(expires, EXPIRES_MIN_SECONDS, PRESIGN_MAX_SECONDS) };
  }
  if (by !== "iot") {
    throw new FotaError("USAGE", `--presign must be cli or iot, got ${JSON.stringify(by)}`);
  }
  const role = request.role ?? readVariable(env, "FOTA_ROLE") ?? file.role;
  if (role === undefined) {
    throw new FotaError("USAGE", "--presign iot needs --role, which AWS IoT takes on to presign", {
      hint: "give its name or ARN, set FOTA_ROLE, or write `role` into fota.config.json",
    });
  }
  if (!/^[\w+=,.@-]{1,64}$/.test(role) && !/^arn:[a-z-]+:iam::\d{12}:role\/[!-~]{1,512}$/.test(role)) {
    throw new FotaError("USAGE", `${JSON.stringify(role)} is neither the name nor the ARN of an IAM role`);
  }
  const expiresInSeconds = checkExpires(expires, IOT_PRESIGN_MIN_SECONDS, IOT_PRESIGN_MAX_SECONDS);
  return { by, role, expiresInSeconds: expiresInSeconds ?? IOT_PRESIGN_MAX_SECONDS };
}

function checkExpires(text: string | undefined, minSeconds: number, maxSeconds: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds >= minSeconds && seconds <= maxSeconds) return seconds;
  const isIot = maxSeconds === IOT_PRESIGN_MAX_SECONDS;
  const range = isIot ? "60s to 1h with --presign iot" : "60s to 7d";
  throw new FotaError("EXPIRES_INVALID", `--expires must be from ${range}, got ${JSON.stringify(text)}`, {
    hint: isIot
      ? "AWS IoT makes a new URL each time that a device asks, so that an hour is enough"
      : "write 90s, 30m, 12h, 7d or a number of seconds; S3 allows no more than 7 days",
  });
}

function checkBucketName(bucket: string | undefined): string {
  if (bucket === undefined) {
    throw new FotaError("USAGE", "no bucket is given", {
      hint: "give --bucket, set FOTA_BUCKET, or write `bucket` into fota.config.json",
    });
  }
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return bucket;
  throw new FotaError("USAGE", `${JSON.stringify(bucket)} is not the name of a bucket`, {
    hint: "give the bare name, without s3:// and without a path; --prefix is for the path",
  });
}

export function checkPrefix(prefix: string): string {
  if (SAFE_KEY_PATTERN.test(prefix)) return prefix.replace(/^\/+|\/+$/g, "");
  throw new FotaError("USAGE", `--prefix may only hold A-Z a-z 0-9 . _ - /, got ${JSON.stringify(prefix)}`);
}

function checkGroupName(name: string | undefined): string | undefined {
  if (name === undefined || (name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name)))
    return name;
  throw new FotaError("TARGET_INVALID", `${JSON.stringify(name)} is no name for a group`, {
    hint: `names have 1 to ${THING_NAME_MAX_LENGTH} of A-Z a-z 0-9 : _ -`,
  });
}

/** @throws {FotaError} VERSION_INVALID, naming `flag` */
export function checkVersion(version: string | undefined, flag: string): string | undefined {
  if (version === undefined) return undefined;
  if (version.length <= VERSION_MAX_LENGTH && VERSION_PATTERN.test(version)) return version;
  throw new FotaError("VERSION_INVALID", `${flag} must be a version, got ${JSON.stringify(version)}`, {
    hint: "write 1.4.0, v2 or 1.4.0-rc.1+build7",
  });
}

/** @throws {FotaError} USAGE */
export function checkModel(model: string | undefined): string | undefined {
  if (model === undefined || (model !== "" && model.length <= MODEL_MAX_LENGTH)) return model;
  throw new FotaError("USAGE", `--model must have 1 to ${MODEL_MAX_LENGTH} characters, got ${model.length}`);
}

function checkDescription(description: string | undefined): string | undefined {
  if (description === undefined) return undefined;
  if (description.length <= JOB_DESCRIPTION_MAX_LENGTH && !/\p{C}/u.test(description)) return description;
  const limit = `at most ${JOB_DESCRIPTION_MAX_LENGTH} characters, none of them a line break or control character`;
  throw new FotaError("USAGE", `--description takes ${limit}`);
}
