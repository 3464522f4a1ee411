import type { Facts, ThingFacts } from "./facts.js";
import type { WhyCause } from "./result.js";

/** What one rule has found. */
export interface Finding {
  cause: WhyCause;
  /** The device's own cause code. */
  reason?: string;
  /** One sentence without a full stop. */
  sentence: string;
  evidence?: Evidence[];
  next: Step[];
}

export type Evidence = readonly [name: string, value: string];

/** What to do: a command with its options, and what it is good for. */
export interface Step {
  command: string | null;
  why: string;
}

/** How rules say times and commands. */
export interface Say {
  /** By the clock of AWS, as far as it is known. */
  now: Date;
  /** That this machine's clock is another; `undefined`: it is not. */
  clock: string | undefined;
  /** `3 min ago`, or the time itself. */
  time(date: Date): string;
  /** `for 3 min`, or `since` and the time itself. */
  since(date: Date): string;
  /** A command line of fota with the global options that were given. */
  fota(...command: string[]): string;
  /** A command line of the aws command for the same account. */
  aws(...command: string[]): string;
}

export type JobRule = (facts: Facts, say: Say) => Finding | undefined;
export type ThingRule = (facts: Facts, thing: ThingFacts, say: Say) => Finding | undefined;

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
