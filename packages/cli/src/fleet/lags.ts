import { compareVersions } from "@fota/shared";
import type { Fleet, FleetThing, Lag } from "./result.js";

const DAY_MS = 86_400_000;
const FAILURES: ReadonlySet<string> = new Set(["FAILED", "TIMED_OUT", "REJECTED"]);

/** Counts the things of each version of a model; the key `""` stands for an unknown model. */
export type VersionsByModel = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Returns each thing with the reasons why it lags; compares versions within its model. */
export function withLags(things: readonly FleetThing[], usual: CommonVersions, nowMs: number): FleetThing[] {
  return things.map((thing) => {
    const lags = lagsOf(thing, usual, nowMs);
    return lags.length === 0 ? thing : { ...thing, lags };
  });
}

/** Holds the most common version of each model; the key `""` stands for an unknown model. */
export type CommonVersions = ReadonlyMap<string, string>;

/** Returns the most common version of each model, of two that are equally common the newer one. */
export function commonVersions(counts: VersionsByModel): CommonVersions {
  const common = new Map<string, string>();
  for (const [model, versions] of counts) {
    const [first] = [...versions].sort(([a, m], [b, n]) => n - m || byNewest(a, b));
    if (first !== undefined) common.set(model, first[0]);
  }
  return common;
}

/** Counts the versions of each model. */
export function countVersions(things: Iterable<FleetThing>): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const { model = "", version } of things) {
    if (version === undefined) continue;
    const versions = counts.get(model) ?? new Map<string, number>();
    counts.set(model, versions.set(version, (versions.get(version) ?? 0) + 1));
  }
  return counts;
}

/** Returns whether a version is below the most common one of its model. */
export function isBehind(version: string, model: string | undefined, usual: CommonVersions): boolean {
  const common = usual.get(model ?? "");
  return common !== undefined && (compareVersions(version, common) ?? 0) < 0;
}

/** Returns what the things below the most common version of their model are compared with, the most things first. */
export function comparisonsOf(
  behind: Iterable<{ model?: string | undefined; things: number }>,
  usual: CommonVersions,
): Pick<Fleet, "comparedWith"> {
  const counts = new Map<string, number>();
  for (const { model = "", things } of behind) counts.set(model, (counts.get(model) ?? 0) + things);
  const comparedWith = [...counts].map(([model, things]) => ({
    model: model === "" ? null : model,
    version: usual.get(model) ?? "",
    behind: things,
  }));
  if (comparedWith.length === 0) return {};
  return { comparedWith: comparedWith.sort((a, b) => b.behind - a.behind) };
}

/** Orders versions newest first; texts that are not versions come last, by their characters. */
export function byNewest(a: string, b: string): number {
  const order = compareVersions(b, a);
  if (order !== undefined && order !== 0) return order;
  const [aIs, bIs] = [a, b].map((text) => compareVersions(text, text) !== undefined);
  if (aIs !== bIs) return aIs === true ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function lagsOf({ version, model, lastJob }: FleetThing, usual: CommonVersions, nowMs: number): Lag[] {
  const lags: Lag[] = [];
  if (version !== undefined && isBehind(version, model, usual)) lags.push("behind");
  if (lastJob === undefined) return lags;
  if (FAILURES.has(lastJob.status)) lags.push("failed");
  const changedMs = lastJob.at === undefined ? nowMs : new Date(lastJob.at).getTime();
  if (lastJob.status === "IN_PROGRESS" && nowMs - changedMs >= DAY_MS) lags.push("stuck");
  return lags;
}
