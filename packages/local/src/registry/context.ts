import { groupsOfThing } from "./membership.js";
import type { Registry } from "./registry.js";

/** What a command may know of the outside. */
export interface Moment {
  /** Milliseconds since 1970; never before an earlier command's. */
  nowMs: number;
  /** From 0 up to 1; the same numbers again when the command is replayed. */
  random(): number;
}

/** A running command, as far as the registry sees it: what it changes, and what it leaves to others to act on. */
export interface RegistryContext extends Moment {
  world: Registry;
  /** Names of the groups, direct and above, that each thing belonged to before the command changed that. */
  groupsBefore: Map<string, ReadonlySet<string>>;
}

/**
 * Notes what a thing belongs to. Call it before the change: Jobs compares it with what holds after the command, to find
 * the jobs that reach the thing now, or no longer do. A later call for the same thing changes nothing.
 */
export function noteMembership({ world, groupsBefore }: RegistryContext, thingName: string): void {
  if (!groupsBefore.has(thingName)) groupsBefore.set(thingName, groupsOfThing(world, thingName));
}

/** Numbers things, jobs and executions in order of creation: what lists and their page tokens go by. */
export function nextSequence(world: Registry): number {
  world.sequence += 1;
  return world.sequence;
}

/** A version 4 UUID from the moment's own random numbers, so that a replay gives the same one. */
export function randomUuid(moment: Moment): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(moment.random() * 16).toString(16));
  digits[12] = "4";
  digits[16] = "89ab"[Math.floor(moment.random() * 4)] ?? "8";
  const hex = digits.join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
