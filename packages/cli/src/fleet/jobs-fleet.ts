import type { Iot } from "../aws/iot.js";
import { listThingGroupNames, listThingNames } from "../aws/names.js";
import { listThingsInGroup, thingGroupArn } from "../aws/thing-groups.js";
import { given } from "../given.js";
import { matchesFilter } from "./filter.js";
import type { FleetOptions, FleetReader } from "./fleet.js";
import { JOBS_READ_MAX, readJobFacts, thingOfFacts } from "./jobs-source.js";
import { commonVersions, countVersions, withLags } from "./lags.js";
import type { FleetThing, SlowReason } from "./result.js";
import { countsOfThings, groupCounts } from "./summarize.js";

/** Reads the fleet from its jobs: slow, and blind for firmware that no job installed. */
export function fleetOfJobs(
  iot: Iot,
  { filter = {}, byGroup, onProgress = () => {}, now = new Date() }: FleetOptions,
  because: SlowReason | undefined,
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
    const usual = commonVersions(countVersions(found));
    const lagging = withLags(found, usual, now.getTime());
    return { things: lagging.filter((thing) => matchesFilter(thing, filter)), usual, facts };
  }
  const head = { source: "jobs" as const, ...given({ because }), readAt: now.toISOString() };
  return {
    head,
    async overview() {
      const { things, usual, facts } = await read();
      const partial = facts.more ? `only the newest ${JOBS_READ_MAX} jobs were read` : undefined;
      const groups = byGroup === true ? groupCounts(await withGroups(iot, things)) : undefined;
      return {
        ...head,
        ...countsOfThings(things, usual),
        jobsRead: facts.jobsRead,
        ...given({ groups, partial }),
      };
    },
    things: async () => (await read()).things,
  };
}

/** Adds the groups of each thing; the requests grow with the groups, not with the things. */
async function withGroups(iot: Iot, things: readonly FleetThing[]): Promise<FleetThing[]> {
  const groupsOf = new Map<string, string[]>();
  for await (const group of listThingGroupNames(iot)) {
    for await (const thing of listThingsInGroup(iot, group)) {
      groupsOf.set(thing, [...(groupsOf.get(thing) ?? []), group]);
    }
  }
  return things.map((thing) => ({ ...thing, groups: groupsOf.get(thing.thingName) ?? [] }));
}
