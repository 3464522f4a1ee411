import { invalidRequest } from "../errors.js";
import { indexConnectivity } from "../registry/connectivity.js";
import { INDEXED_PARTS, noteChangeOfAll } from "../registry/context.js";
import type { Connectivity } from "../registry/registry.js";
import type { SearchContext } from "./dynamic-membership.js";
import type { ThingGroupIndexing, ThingIndexing } from "./indexing.js";

/** Most names of groups in the message. */
const NAMES_MAX = 5;

export interface UpdateIndexingInput {
  /** Absent if they stay as they are. */
  things?: ThingIndexing;
  thingGroups?: ThingGroupIndexing;
  /** Present with `things`. */
  connectivity?: { indexed: boolean; known?: (Connectivity & { clientId: string })[] };
}

/**
 * Runs UpdateIndexingConfiguration, whose settings are checked. The dynamic groups follow at once; with many
 * things, in ticks.
 * @throws {AwsError} InvalidRequest if it turns the index off while there are dynamic groups
 */
export function updateIndexing(context: SearchContext, input: UpdateIndexingInput): void {
  const { world } = context;
  const { things, thingGroups, connectivity } = input;
  if (things?.thingIndexingMode === "OFF" && world.dynamicGroups.size > 0) {
    const names = [...world.dynamicGroups].slice(0, NAMES_MAX).join(", ");
    throw invalidRequest(`thingIndexingMode cannot be OFF; delete the dynamic thing groups first: ${names}`);
  }
  world.indexing = { ...world.indexing, ...(things && { things }), ...(thingGroups && { thingGroups }) };
  if (connectivity !== undefined) indexConnectivity(context, connectivity);
  if (things === undefined) return;
  noteChangeOfAll(context, ...INDEXED_PARTS);
}
