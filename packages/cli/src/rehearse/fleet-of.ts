import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { targetArn } from "../aws/target-arn.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { writeWholeFile } from "../files/whole-file.js";
import { reachOf } from "../job/reach.js";
import type { Target } from "../job/targets.js";
import { versionQueryHint } from "../job/version-query.js";
import { ASSUMED_FLEET, readFleetFile } from "./fleet-file.js";
import type { FleetFile } from "./fleet-schema.js";
import { type Learned, learnFromJobs } from "./learn-jobs.js";
import type { Rehearsed } from "./summary.js";

/** Holds the options that describe the devices. */
export interface FleetOptions {
  fleet?: string;
  learn?: string[];
  save?: string;
}

/** Says which devices a rehearsal has, and where they come from. */
export interface KnownFleet {
  fleet: FleetFile;
  /** Path given with `--fleet`. */
  file?: string;
  learned?: Learned & { savedAs: string | undefined };
}

/**
 * Reads the fleet file, or learns the fleet from jobs and saves it.
 * @throws {FotaError} USAGE, CONFIG_INVALID, FILE_ACCESS, JOB_NOT_FOUND
 */
export async function fleetOf(context: Context, options: FleetOptions): Promise<KnownFleet> {
  const { fleet: path, learn = [], save } = options;
  if (learn.length === 0 && save !== undefined) {
    throw new FotaError("USAGE", "--save writes what --learn found, and --learn is not given");
  }
  if (path !== undefined && learn.length > 0) {
    throw new FotaError("USAGE", "--fleet and --learn both describe the devices", {
      hint: "save what was learned with --save fleet.json, edit it, and give it with --fleet",
    });
  }
  const { cwd } = context.host;
  if (path !== undefined) return { fleet: await readFleetFile(path, cwd), file: path };
  if (learn.length === 0) return { fleet: ASSUMED_FLEET };
  if (save !== undefined) await refuseExisting(save, cwd);
  const learned = await learnFromJobs(context, learn);
  const { groups, devices, warnings } = learned;
  for (const warning of warnings) context.output.warn(warning);
  if (save !== undefined) await saveFleet(save, cwd, { size: devices, groups });
  return { fleet: { groups }, learned: { ...learned, savedAs: save } };
}

/** Refuses the file before any request, not after minutes of reading. */
async function refuseExisting(name: string, cwd: string): Promise<void> {
  const isThere = await stat(resolve(cwd, name)).then(
    () => true,
    () => false,
  );
  if (isThere) throw exists(name);
}

async function saveFleet(name: string, cwd: string, fleet: FleetFile): Promise<void> {
  const text = `${JSON.stringify(fleet, undefined, 2)}\n`;
  await writeWholeFile(resolve(cwd, name), text, { replace: false }).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw exists(name);
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode, and the free space on its disk",
      cause,
    });
  });
}

function exists(name: string): FotaError {
  return new FotaError("FILE_ACCESS", `${name} exists`, {
    hint: "give another name to --save, or remove the file",
  });
}

/**
 * Returns the number of devices: stated, from the fleet file, of the targets, or of the jobs that were learned.
 * @throws {FotaError} USAGE, GROUP_EMPTY, TARGET_INVALID, THING_NOT_FOUND
 */
export async function sizeOf(
  context: Context,
  stated: number | undefined,
  { fleet, learned }: KnownFleet,
  targets: readonly Target[],
): Promise<{ size: number; thingsFrom: Rehearsed["thingsFrom"] }> {
  if (stated !== undefined) return { size: stated, thingsFrom: "--things" };
  if (fleet.size !== undefined) return { size: fleet.size, thingsFrom: "--fleet" };
  if (targets.length === 0) {
    if (learned !== undefined) return { size: learned.devices, thingsFrom: "--learn" };
    throw new FotaError("USAGE", "the number of devices is not known", {
      hint: "give --things 1000, or --to to count the things of the targets",
    });
  }
  const reach = await context.output.during("counting the things", () =>
    withIot(context, async (iot) => {
      for (const target of targets) {
        if (target.query === undefined) await targetArn(iot, target); // the index checks a query itself
      }
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
    hint:
      targets.flatMap(({ query = "" }) => versionQueryHint(query) ?? [])[0] ??
      "give the number of devices that you expect: --things 1000",
  });
}
