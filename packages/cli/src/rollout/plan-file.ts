import { access, constants, stat } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { FotaError } from "@fota/shared";
import { readJsonFile } from "../files/json-file.js";
import { given } from "../given.js";
import type { Host } from "../host.js";
import { jobIdFrom } from "../job/job-id.js";
import type { JobOptions } from "../job/job-options.js";
import { hashKeys, type KeyHashes } from "../job/rollout-tags.js";
import { expandTargetFiles } from "../job/targets.js";
import type { PublishRequest } from "../publish/request.js";
import { strayCharactersIn } from "../settings/stray-character.js";
import { type GateRule, parseGate } from "./gate.js";
import type { PlannedPublish, PlannedStage, RolloutPlanFile } from "./plan-schema.js";

/** Holds a plan whose file was read and checked, without any request. */
export interface RolloutPlan {
  name: string;
  /** Is the path as it was given, for messages and commands to type. */
  path: string;
  /** Has the plan's file: relative paths in the plan start here. */
  folder: string;
  source: { kind: "publish"; request: PublishRequest } | { kind: "job"; jobId: string };
  /** Hashes the keys that name the firmware. */
  firmware: KeyHashes;
  stages: readonly [Stage, ...Stage[]];
}

export interface Stage {
  name: string;
  /** Counts from 1. */
  number: number;
  /** Is made of the names of the rollout and the stage, so that no two runs can start a stage twice. */
  jobId: string;
  /** Lists the targets; the files of targets are read. */
  to: readonly string[];
  options: JobOptions;
  gate: GateRule;
  keys: KeyHashes;
}

/**
 * Reads the file of a plan.
 * @param isRead whether the rollout is only read: the commands of gates may then be missing on this machine
 * @throws {FotaError} CONFIG_INVALID, naming the file and each wrong key; TARGET_INVALID for a file of targets
 */
export async function readRolloutPlan(
  path: string,
  { cwd, env }: Pick<Host, "cwd" | "env">,
  { isRead = false } = {},
): Promise<RolloutPlan> {
  const folder = dirname(resolve(cwd, path));
  const file = await readChecked(path, cwd);
  const { name, publish, from } = file;
  const stages: Stage[] = [];
  for (const [i, stage] of file.stages.entries()) {
    stages.push(await stageOf(stage, { rollout: name, publish, folder, number: i + 1 }));
  }
  for (const { gate, number } of stages) {
    if (gate.command !== undefined && !isRead)
      await checkCommand(gate.command, `stages[${number - 1}]`, { folder, env });
  }
  return {
    name,
    path,
    folder,
    source:
      publish === undefined
        ? { kind: "job", jobId: from ?? "" }
        : { kind: "publish", request: requestOf(publish, stages[0]) },
    firmware: hashKeys(publish === undefined ? { from } : firmwareKeys(publish)),
    stages: stages as [Stage, ...Stage[]],
  };
}

async function readChecked(path: string, cwd: string): Promise<RolloutPlanFile> {
  const value = await readJsonFile(path, cwd, "give the path of the plan; docs/rollout.md has one to copy");
  const { rolloutPlanFaults } = await import("./plan-schema.js"); // valibot is loaded only where it is needed
  const faults = rolloutPlanFaults(value);
  if (faults.length > 0) {
    throw invalid(
      `${path}: ${faults.join("; ")}`,
      "docs/rollout.md has a plan to copy; fota.rollout.schema.json explains each key",
    );
  }
  const strays = strayCharactersIn(value as RolloutPlanFile);
  if (strays.length === 0) return value as RolloutPlanFile;
  throw invalid(`${path}: ${strays.join("; ")}`, "write the value again without that character");
}

async function stageOf(
  { name, to: targets, gate = {}, ...options }: PlannedStage,
  of: { rollout: string; publish: PlannedPublish | undefined; folder: string; number: number },
): Promise<Stage> {
  const { rollout, publish, folder, number } = of;
  const to = await expandTargetFiles(targets, folder);
  const { presign, role, expires, ...lasting } = options;
  return {
    name,
    number,
    jobId: jobIdFrom(
      { fwVersion: `${rollout}-${name}`, imageKey: "" },
      JSON.stringify(["rollout", rollout, name]),
    ),
    to,
    options: {
      ...urlOptions(publish ?? {}, { presign, role, expires }),
      ...given({ legacy: publish?.legacy, tag: publish?.tag }),
      ...lasting,
    },
    gate: parseGate(gate, `stages[${number - 1}].gate`),
    keys: hashKeys({ to: [...to].sort(), ...lasting }),
  };
}

type UrlOptions = Pick<PlannedStage, "presign" | "role" | "expires">;

/** Returns the URL options of a stage. Those of the whole plan do not count if another one presigns here. */
function urlOptions(
  plan: UrlOptions,
  stage: { [K in keyof UrlOptions]: UrlOptions[K] | undefined },
): UrlOptions {
  const own = given(stage);
  if (own.presign !== undefined && own.presign !== plan.presign) return own;
  const { presign, role, expires } = plan;
  return { ...given({ presign, role, expires }), ...own };
}

function requestOf(publish: PlannedPublish, first: Stage | undefined): PublishRequest {
  const { image, tag: _tag, ...options } = publish;
  return {
    ...options,
    ...first?.options,
    images: typeof image === "string" ? [image] : image,
    to: first?.to ?? [],
  };
}

/** Returns the keys that decide which firmware devices get; the others may change while a rollout is in progress. */
function firmwareKeys(publish: PlannedPublish) {
  const { image, slot, fwVersion, model, minVersion, package: packageName } = publish;
  const { seq, for: things, allowDowngrade, validUntil, anyModel, keys, document } = publish;
  return {
    ...{ image, slot, fwVersion, model, minVersion, package: packageName },
    ...{ seq, for: things, allowDowngrade, validUntil, anyModel, keys, document },
  };
}

/** Checks that the program of a gate can be run. @throws {FotaError} CONFIG_INVALID */
async function checkCommand(
  [program = ""]: readonly string[],
  place: string,
  { folder, env }: { folder: string; env: Host["env"] },
): Promise<void> {
  const isPath = /[/\\]/.test(program);
  const places = isPath ? [""] : (env["PATH"] ?? "").split(delimiter);
  for (const dir of program === "" ? [] : places) {
    if (await isProgram(resolve(folder, dir, program))) return;
  }
  throw invalid(
    `${place}.gate.command: ${JSON.stringify(program)} is not a program that can be run`,
    isPath
      ? "check the path, which is relative to the plan, and make the file executable: chmod +x"
      : "check the name, or give a path: ./check.sh",
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

function invalid(message: string, hint: string): FotaError {
  return new FotaError("CONFIG_INVALID", message, { hint });
}
