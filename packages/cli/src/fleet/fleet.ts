import { INVENTORY_SHADOW, isFotaError } from "@fota/shared";
import { type Indexing, readIndexing, searchThings } from "../aws/fleet-index.js";
import type { Iot } from "../aws/iot.js";
import type { FleetFilter } from "./filter.js";
import { fleetOfIndex, type IndexSource, PACKAGE_SHADOW, versionField } from "./index-source.js";
import { fleetOfJobs } from "./jobs-fleet.js";
import type { Fleet, FleetSource, FleetThing, SlowReason } from "./result.js";

export interface FleetOptions {
  filter?: FleetFilter;
  /** Reads from this source. Default: the shadow if a device has reported there, else the package, else jobs. */
  source?: FleetSource | undefined;
  /** The software package to look for if no device has reported. */
  package?: string | undefined;
  /** Also counts the versions in each thing group. */
  byGroup?: boolean | undefined;
  /** Also reads the last job of each thing, which costs requests. @default true */
  lastJobs?: boolean;
  /** Receives progress while the fleet is read. */
  onProgress?: (text: string) => void;
  now?: Date;
}

/** Says where the versions come from. */
export type FleetHead = Pick<Fleet, "source" | "because" | "package" | "readAt">;

/** Reads what runs on the things of an account. */
export interface FleetReader {
  head: FleetHead;
  /** Returns the counts; with aggregations of the index where possible, so that they cost few requests. */
  overview(): Promise<Fleet>;
  /** Returns the things that match the filter, sorted by name. */
  things(): Promise<FleetThing[]>;
}

/** Returns how many things run each version. @throws {FotaError} GROUP_NOT_FOUND, INDEX_OFF, translated AWS errors */
export async function readFleet(iot: Iot, options: FleetOptions = {}): Promise<Fleet> {
  return await (await openFleet(iot, options)).overview();
}

/** Opens the fleet of an account from the best source. Each answer reads again. @throws {FotaError} translated AWS errors */
export async function openFleet(iot: Iot, options: FleetOptions = {}): Promise<FleetReader> {
  const found = await findSource(iot, options);
  return "slow" in found ? fleetOfJobs(iot, options, found.slow) : fleetOfIndex(iot, found, options);
}

/** Returns the best source: a place in the index, or why only jobs are left. */
export async function findSource(
  iot: Iot,
  { source, package: name }: Pick<FleetOptions, "source" | "package">,
): Promise<IndexSource | { slow: SlowReason | undefined }> {
  if (source === "jobs") return { slow: undefined };
  const indexing = await readIndexing(iot).catch((error: unknown) => {
    if (source === undefined && isFotaError(error, "ACCESS_DENIED")) return undefined;
    throw error;
  });
  if (source !== undefined) {
    return { source, ...(source === "package" && { package: name ?? "" }), indexing: indexing ?? NOTHING };
  }
  if (indexing === undefined) return { slow: "denied" };
  if (!indexing.registry) return { slow: "index-off" };
  const sources: (IndexSource & { shadow: string })[] = [
    { source: "shadow", shadow: INVENTORY_SHADOW, indexing },
    ...(name === undefined
      ? []
      : [{ source: "package", package: name, shadow: PACKAGE_SHADOW, indexing } as const]),
  ];
  const indexed = sources.filter(({ shadow }) => indexing.shadows.has(shadow));
  for (const { shadow: _, ...each } of indexed) {
    const found = await hasAny(iot, `${versionField(each)}:*`).catch(slowReasonOf);
    if (found === true) return each;
    if (found !== false) return { slow: found };
  }
  return { slow: indexed.length === 0 ? "not-indexed" : "no-reports" };
}

const NOTHING: Indexing = { registry: false, connectivity: false, shadows: new Set() };

/** Returns why the index cannot be searched, for an error that leaves the jobs to read. */
function slowReasonOf(error: unknown): SlowReason {
  if (isFotaError(error, "ACCESS_DENIED")) return "denied";
  if (isFotaError(error, "INDEX_OFF")) return "index-building";
  throw error;
}

async function hasAny(iot: Iot, query: string): Promise<boolean> {
  for await (const _ of searchThings(iot, query, 1)) return true;
  return false;
}
