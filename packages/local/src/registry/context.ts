import { groupsOfThing } from "./membership.js";
import type { Registry } from "./registry.js";
import { stepsLeft } from "./steps.js";

/** All that a command gets from outside the world. The journal keeps both, so that a replay gives the same result. */
export interface TimeAndRandom {
  /** Milliseconds since 1970; never before an earlier command's. */
  nowMs: number;
  /** Returns a number from 0 up to 1; a replay of the command gets the same numbers. */
  random(): number;
}

/** A running command as the registry sees it: the registry that it changes, and the memberships that it has noted. */
export interface RegistryContext extends TimeAndRandom {
  world: Registry;
  /**
   * Most steps that the command does of all large work together, see `Steps`; later ticks do the others, so that requests
   * are answered between them. Without limit for commands in journals of earlier builds.
   */
  sliceSize: number;
  /** Steps that it has done so far. */
  stepsDone: number;
  /** Names of the groups that each affected thing belonged to before the command, with the groups above them. */
  groupsBefore: Map<string, ReadonlySet<string>>;
  /** What changed of each thing in a way that queries can see, until the dynamic groups have followed. */
  changedThings: Map<string, Set<IndexedPart>>;
}

/** The parts of a thing that the index has. */
export const INDEXED_PARTS = ["registry", "connectivity", "shadow"] as const;
export type IndexedPart = (typeof INDEXED_PARTS)[number];

/**
 * Notes which groups a thing belongs to. Call it before a change: after the command, Jobs compares, to find the jobs that
 * now target the thing or no longer do. A second call for the same thing changes nothing.
 */
export function noteMembership({ world, groupsBefore }: RegistryContext, thingName: string): void {
  if (!groupsBefore.has(thingName)) groupsBefore.set(thingName, groupsOfThing(world, thingName));
}

/** Notes that parts of a thing have changed, so that its dynamic groups follow after the command. */
export function noteChange(
  { changedThings }: RegistryContext,
  thingName: string,
  ...parts: readonly IndexedPart[]
): void {
  const noted = changedThings.get(thingName) ?? new Set();
  for (const part of parts) noted.add(part);
  changedThings.set(thingName, noted);
}

/** Notes that parts of all things have changed. If those are many, ticks find the members of the dynamic groups anew. */
export function noteChangeOfAll(context: RegistryContext, ...parts: readonly IndexedPart[]): void {
  const { world } = context;
  if (world.things.size > stepsLeft(context))
    for (const name of world.dynamicGroups) refreshInTicks(world, name);
  else for (const thingName of world.things.keys()) noteChange(context, thingName, ...parts);
}

/** Has ticks find the members of a dynamic group, from the first thing on. */
export function refreshInTicks(world: Registry, thingGroupName: string): void {
  world.groupRefreshes ??= new Map();
  world.groupRefreshes.set(thingGroupName, 0);
}

/**
 * Returns the next number for a thing, job or execution, in order of creation. Lists and page tokens use these numbers.
 */
export function nextSequence(world: Registry): number {
  world.sequence += 1;
  return world.sequence;
}

/** Returns a version 4 UUID made from the command's random numbers, so that a replay gives the same one. */
export function randomUuid(timeAndRandom: TimeAndRandom): string {
  let hex = "";
  for (let i = 0; i < 32; i += 1) hex += "0123456789abcdef"[Math.floor(timeAndRandom.random() * 16)];
  const variant = "89ab"[Math.floor(timeAndRandom.random() * 4)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
