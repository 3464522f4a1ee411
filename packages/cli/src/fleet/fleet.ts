import type { Iot } from "../aws/iot.js";
import { listThingNames } from "../aws/names.js";
import { listThingsInGroup, thingGroupArn } from "../aws/thing-groups.js";
import { given } from "../given.js";
import { type FleetFilter, matchesFilter } from "./filter.js";
import { JOBS_READ_MAX, readJobFacts, thingOfFacts } from "./jobs-source.js";
import { commonVersions, countVersions, withLags } from "./lags.js";
import type { Fleet, FleetThing } from "./result.js";
import { countsOfThings } from "./summarize.js";

export interface FleetOptions {
  filter?: FleetFilter;
  /** Receives progress while the fleet is read. */
  onProgress?: (text: string) => void;
  now?: Date;
}

/** Reads what runs on the things of an account. */
export interface FleetReader {
  /** Returns the counts; with aggregations of the index where possible, so that they cost few requests. */
  overview(): Promise<Fleet>;
  /** Returns the things that match the filter, sorted by name. */
  things(): Promise<FleetThing[]>;
}

/** Returns how many things run each version. @throws {FotaError} GROUP_NOT_FOUND and translated AWS errors */
export async function readFleet(iot: Iot, options: FleetOptions = {}): Promise<Fleet> {
  return await openFleet(iot, options).overview();
}

/** Opens the fleet of an account. Reads nothing yet; each answer reads once. */
export function openFleet(iot: Iot, options: FleetOptions = {}): FleetReader {
  return fleetOfJobs(iot, options);
}

/** Reads the fleet from its jobs: slow, and blind for firmware that no job installed. */
function fleetOfJobs(
  iot: Iot,
  { filter = {}, onProgress = () => {}, now = new Date() }: FleetOptions,
): FleetReader {
  async function read() {
    if (filter.group !== undefined) await thingGroupArn(iot, filter.group);
    const names: string[] = [];
    const members = filter.group === undefined ? listThingNames(iot) : listThingsInGroup(iot, filter.group);
    for await (const name of members) {
      names.push(name);
      if (names.length % 1_000 === 0) onProgress(`${names.length} things listed`);
    }
    const facts = await readJobFacts(iot, { onProgress });
    const found = [...new Set(names)].sort().map((name) => thingOfFacts(name, facts.things.get(name)));
    const lagging = withLags(found, commonVersions(countVersions(found)), now.getTime());
    return { things: lagging.filter((thing) => matchesFilter(thing, filter)), facts };
  }
  return {
    async overview() {
      const { things, facts } = await read();
      const partial = facts.more ? `only the newest ${JOBS_READ_MAX} jobs were read` : undefined;
      return {
        source: "jobs",
        readAt: now.toISOString(),
        ...countsOfThings(things),
        jobsRead: facts.jobsRead,
        ...given({ partial }),
      };
    },
    things: async () => (await read()).things,
  };
}
