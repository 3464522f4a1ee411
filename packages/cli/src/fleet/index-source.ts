import { decodeInventory, INVENTORY_SHADOW } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import {
  countThings,
  countValues,
  type IndexedThing,
  type Indexing,
  isSearchable,
  QUERY_TERMS_MAX,
  quoted,
  searchThings,
} from "../aws/fleet-index.js";
import type { Iot } from "../aws/iot.js";
import { listGroupsBelow, thingGroupArn } from "../aws/thing-groups.js";
import { given } from "../given.js";
import { type FleetFilter, matchesFilter } from "./filter.js";
import type { FleetOptions, FleetReader } from "./fleet.js";
import {
  type CommonVersions,
  commonVersions,
  comparisonsOf,
  countVersions,
  isBehind,
  type VersionsByModel,
  withLags,
} from "./lags.js";
import { withLastJobs } from "./last-jobs.js";
import type { Fleet, FleetThing, GroupCount } from "./result.js";
import { type Cell, countsOfThings, groupCounts, versionCounts } from "./summarize.js";

/** Says where in the index the versions are. */
export interface IndexSource {
  source: "shadow" | "package";
  /** The software package, if that is the source. */
  package?: string;
  indexing: Pick<Indexing, "connectivity">;
}

/** The shadow in which AWS IoT records software packages. Source: AWS IoT Developer Guide, "Software Package Catalog". */
export const PACKAGE_SHADOW = "$package";
const MODEL_FIELD = `shadow.name.${INVENTORY_SHADOW}.reported.model`;
/** Above this number of queries, reading all things costs less. */
const QUERIES_MAX = 10;
/** Above this number of models, the things are read one by one. */
const MODELS_MAX = 25;
/** The largest groups are counted, each with a request. */
const GROUPS_MAX = 50;
/** Leaves terms of a query for the rest of it. */
const VALUES_IN_QUERY_MAX = QUERY_TERMS_MAX - 4;

/** Returns the field of the index with the version. */
export function versionField(source: IndexSource): string {
  return source.package === undefined
    ? `shadow.name.${INVENTORY_SHADOW}.reported.version`
    : `shadow.name.${PACKAGE_SHADOW}.reported.${source.package}.version`;
}

/** Reads the fleet from the index. */
export function fleetOfIndex(iot: Iot, source: IndexSource, options: FleetOptions): FleetReader {
  const { filter = {}, onProgress = () => {}, now = new Date(), lastJobs = true } = options;

  const head = { source: source.source, ...given({ package: source.package }), readAt: now.toISOString() };
  return {
    head,
    async overview() {
      const members = await membersQuery(iot, filter.group);
      const needsThings = filter.notSeenSince !== undefined || filter.stragglers === true;
      const cells = needsThings || members.isSplit ? undefined : await cellsOf(iot, source, members.query);
      if (cells === undefined) {
        const { things, usual } = await read(members);
        const groups = options.byGroup === true ? groupCounts(things) : undefined;
        return { ...head, ...countsOfThings(things, usual), ...given({ groups }) };
      }
      const groups = options.byGroup === true ? await countGroups(members.query) : undefined;
      return {
        ...head,
        ...countsOfCells(cells, filter),
        ...(await connectedIn(members.query)),
        ...given({ groups }),
      };
    },
    async things() {
      return (await read(await narrowed(await membersQuery(iot, filter.group)))).things;
    },
  };

  /** Lets the index look for version and model, so that it does not return all things to find a few. */
  async function narrowed(members: Members): Promise<Members & { usual?: CommonVersions }> {
    const { version, model } = filter;
    if ((version === undefined && model === undefined) || members.isSplit) return members;
    const cells = await cellsOf(iot, source, members.query);
    if (cells === undefined) return members;
    const ofModel =
      model === undefined || source.package !== undefined ? "*" : `${MODEL_FIELD}:${quoted(model)}`;
    const wanted = [...new Set(cells.flatMap((cell) => cell.version ?? []))].filter((each) =>
      version?.(each),
    );
    if (![...wanted, model ?? ""].every(isSearchable)) return members;
    const chunks = chunksOf(wanted, VALUES_IN_QUERY_MAX);
    if (chunks.length > QUERIES_MAX) return members;
    const ofVersions =
      version === undefined ? ["*"] : chunks.map((some) => anyOf(versionField(source), some));
    const queries = ofVersions.map((each) => and(and(members.query, ofModel), each));
    return { ...members, queries, usual: commonVersions(countsOf(cells)) };
  }

  /** Counts what is connected, if nothing but the group is asked for. */
  async function connectedIn(query: string): Promise<Pick<Fleet, "connected">> {
    if (!source.indexing.connectivity || filter.version !== undefined || filter.model !== undefined)
      return {};
    return { connected: await countThings(iot, and(query, "connectivity.connected:true")) };
  }

  /** Counts the versions in each group; `undefined` if the index cannot. */
  async function countGroups(query: string): Promise<GroupCount[] | undefined> {
    const sizes = await countValues(iot, query, "thingGroupNames");
    if (sizes === undefined) return groupCounts((await read(await membersQuery(iot, filter.group))).things);
    const names = [...sizes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, GROUPS_MAX);
    return await mapAtOnce(names, REQUESTS_AT_ONCE, async ([group, things]) => {
      onProgress(`counting versions in group ${group}`);
      const of = and(query, `thingGroupNames:${quoted(group)}`);
      const counts = (await countValues(iot, of, versionField(source))) ?? new Map<string, number>();
      const unknown = Math.max(0, things - sum(counts.values()));
      const cells = [...counts].map(([version, things]): Cell => ({ version, model: undefined, things }));
      const versions = versionCounts([...cells, { version: undefined, model: undefined, things: unknown }]);
      return { group, things, versions: versions.map(({ version, things }) => ({ version, things })) };
    });
  }

  async function read({
    queries,
    usual,
  }: Members & { usual?: CommonVersions }): Promise<{ things: FleetThing[]; usual: CommonVersions }> {
    const found = new Map<string, FleetThing>();
    for (const query of queries) {
      for await (const thing of searchThings(iot, query)) {
        found.set(thing.thingName, thingOfIndex(thing, source, now));
        if (found.size % 500 === 0) onProgress(`${found.size} things read`);
      }
    }
    const all = [...found.values()].sort((a, b) => (a.thingName < b.thingName ? -1 : 1));
    // Jobs cost requests, so only things that the other conditions leave are asked for them.
    const left = all.filter((thing) => matchesFilter(thing, { ...filter, stragglers: false }));
    const withJobs = lastJobs ? await withLastJobs(iot, left, onProgress) : left;
    const compared = usual ?? commonVersions(countVersions(all));
    const lagging = withLags(withJobs, compared, now.getTime());
    return { things: lagging.filter((thing) => matchesFilter(thing, filter)), usual: compared };
  }
}

/** Returns a thing as the index has it. */
export function thingOfIndex(thing: IndexedThing, source: IndexSource, now: Date): FleetThing {
  const shadowName = source.package === undefined ? INVENTORY_SHADOW : PACKAGE_SHADOW;
  const reported = thing.reported(shadowName);
  const reportedAt = thing.reportedAt(shadowName);
  const facts =
    source.package === undefined ? decodeInventory(reported) : packageIn(reported, source.package);
  const { connected, connectionChangedAt } = thing;
  const signs = [connected === true ? now : connectionChangedAt, reportedAt].filter(
    (time) => time !== undefined,
  );
  const lastSeen =
    signs.length === 0 ? undefined : new Date(Math.max(...signs.map((time) => time.getTime())));
  return {
    thingName: thing.thingName,
    ...facts,
    ...given({
      reportedAt: reportedAt?.toISOString(),
      connected,
      lastSeen: lastSeen?.toISOString(),
    }),
    ...(thing.groups.length > 0 && { groups: thing.groups }),
  };
}

function packageIn(reported: unknown, name: string): { version?: string } {
  const packages: Readonly<Record<string, unknown>> =
    typeof reported === "object" && reported !== null ? { ...reported } : {};
  return given({ version: decodeInventory(packages[name]).version });
}

interface Members {
  /** Finds all members, if one query can. */
  query: string;
  /** Finds all members together; a thing may be in several. */
  queries: string[];
  isSplit: boolean;
}

/** Returns queries for the things of a group and of the groups below it. @throws {FotaError} GROUP_NOT_FOUND */
async function membersQuery(iot: Iot, group: string | undefined): Promise<Members> {
  if (group === undefined) return { query: "*", queries: ["*"], isSplit: false };
  await thingGroupArn(iot, group);
  const names = [group, ...(await listGroupsBelow(iot, group))];
  const queries = chunksOf(names, VALUES_IN_QUERY_MAX).map((some) => anyOf("thingGroupNames", some));
  return { query: queries[0] ?? "*", queries, isSplit: queries.length > 1 };
}

/** Counts by version and model with aggregations; `undefined` if the index cannot, or there are too many models. */
async function cellsOf(iot: Iot, source: IndexSource, query: string): Promise<Cell[] | undefined> {
  const version = versionField(source);
  const versions = await countValues(iot, query, version);
  if (versions === undefined) return undefined;
  const total = await countThings(iot, query);
  const unknown = total - sum(versions.values());
  const models: ReadonlyMap<string, number> | undefined =
    source.package === undefined ? await countValues(iot, query, MODEL_FIELD) : new Map<string, number>();
  if (models === undefined || models.size > MODELS_MAX || ![...models.keys()].every(isSearchable)) {
    return undefined;
  }
  const counted = await mapAtOnce([...models.keys()], REQUESTS_AT_ONCE, async (model) => {
    const counts = await countValues(iot, and(query, `${MODEL_FIELD}:${quoted(model)}`), version);
    return [...(counts ?? [])].map(([version, things]): Cell => ({ version, model, things }));
  });
  const cells = counted.flat();
  const modeled = countBy(cells);
  const others = [...versions].map(
    ([version, things]): Cell => ({
      version,
      model: undefined,
      things: Math.max(0, things - (modeled.get(version) ?? 0)),
    }),
  );
  return [...cells, ...others, { version: undefined, model: undefined, things: Math.max(0, unknown) }];
}

/** Returns the counts of the cells that match version and model. */
function countsOfCells(
  cells: readonly Cell[],
  filter: FleetFilter,
): Pick<Fleet, "things" | "versions" | "behind" | "comparedWith"> {
  const usual = commonVersions(countsOf(cells));
  const shown = cells.filter(
    ({ version, model }) =>
      (filter.version === undefined || filter.version(version)) &&
      (filter.model === undefined || filter.model === model),
  );
  const behind = shown.filter(
    ({ version, model }) => version !== undefined && isBehind(version, model, usual),
  );
  return {
    things: sum(shown.map(({ things }) => things)),
    versions: versionCounts(shown),
    behind: sum(behind.map(({ things }) => things)),
    ...comparisonsOf(
      behind.filter(({ things }) => things > 0),
      usual,
    ),
  };
}

/** Returns the counts of the versions by model, as `countVersions` does for things. */
function countsOf(cells: readonly Cell[]): VersionsByModel {
  const counts = new Map<string, Map<string, number>>();
  for (const { version, model = "", things } of cells) {
    if (version === undefined || things === 0) continue;
    const versions = counts.get(model) ?? new Map<string, number>();
    counts.set(model, versions.set(version, (versions.get(version) ?? 0) + things));
  }
  return counts;
}

function countBy(cells: readonly Cell[]): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const { version, things } of cells) counts.set(version, (counts.get(version) ?? 0) + things);
  return counts;
}

function anyOf(field: string, values: readonly string[]): string {
  return `${field}:(${values.map(quoted).join(" OR ")})`;
}

function and(query: string, more: string): string {
  if (more === "*") return query;
  return query === "*" ? more : `${query} AND ${more}`;
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const starts = items.flatMap((_item, i) => (i % size === 0 ? i : []));
  return starts.map((start) => items.slice(start, start + size));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
