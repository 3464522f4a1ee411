import { byNewest, type CommonVersions, comparisonsOf } from "./lags.js";
import type { Fleet, FleetThing, GroupCount, VersionCount } from "./result.js";

/** Counts things by version and model; `undefined` is unknown. */
export interface Cell {
  version: string | undefined;
  model: string | undefined;
  things: number;
}

/** Returns the rows of an overview: newest version first, unknown versions last; models with most things first. */
export function versionCounts(cells: readonly Cell[]): VersionCount[] {
  const versions = new Map<string | null, Map<string | null, number>>();
  for (const { version = null, model = null, things } of cells) {
    if (things === 0) continue;
    const models = versions.get(version) ?? new Map<string | null, number>();
    versions.set(version, models.set(model, (models.get(model) ?? 0) + things));
  }
  return [...versions]
    .sort(([a], [b]) => byVersion(a, b))
    .map(([version, models]) => {
      const counts = [...models].map(([model, things]) => ({ model, things }));
      return {
        version,
        things: counts.reduce((sum, { things }) => sum + things, 0),
        models: counts.sort((a, b) => b.things - a.things || byModel(a.model, b.model)),
      };
    });
}

/** Counts things that were read one by one. */
export function countsOfThings(
  things: readonly FleetThing[],
  usual: CommonVersions,
): Pick<Fleet, "things" | "versions" | "behind" | "comparedWith" | "failed" | "stuck" | "connected"> {
  const lagging = (lag: "behind" | "failed" | "stuck") =>
    things.filter(({ lags }) => lags?.includes(lag) === true);
  const behind = lagging("behind");
  const isIndexed = things.some(({ connected }) => connected !== undefined);
  return {
    things: things.length,
    versions: versionCountsOf(things),
    behind: behind.length,
    ...comparisonsOf(
      behind.map(({ model }) => ({ model, things: 1 })),
      usual,
    ),
    failed: lagging("failed").length,
    stuck: lagging("stuck").length,
    ...(isIndexed && { connected: things.filter(({ connected }) => connected === true).length }),
  };
}

/** Counts the versions in each group of the things. */
export function groupCounts(things: readonly FleetThing[]): GroupCount[] {
  const members = new Map<string, FleetThing[]>();
  for (const thing of things) {
    for (const group of thing.groups ?? []) {
      const others = members.get(group);
      if (others === undefined) members.set(group, [thing]);
      else others.push(thing);
    }
  }
  return [...members]
    .map(([group, of]) => {
      const versions = versionCountsOf(of);
      return {
        group,
        things: of.length,
        versions: versions.map((each) => ({ version: each.version, things: each.things })),
      };
    })
    .sort((a, b) => (a.group < b.group ? -1 : 1));
}

function versionCountsOf(things: readonly FleetThing[]): VersionCount[] {
  return versionCounts(things.map(({ version, model }) => ({ version, model, things: 1 })));
}

function byVersion(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return byNewest(a, b);
}

function byModel(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
