import type { PublishNeeds } from "../image/publish-command.js";
import type { Facts, ThingFacts } from "./facts.js";
import type { WhyCause } from "./result.js";

/** Holds what one rule has found. */
export interface Finding {
  cause: WhyCause;
  /** The cause code that the device reported. */
  reason?: string;
  /** One sentence without a full stop. */
  sentence: string;
  evidence?: Evidence[];
  next: Step[];
}

export type Evidence = readonly [name: string, value: string];

/** Suggests a command with its options, and says what it does. */
export interface Step {
  command: string | null;
  why: string;
}

/** Formats times and commands for the rules. */
export interface Say {
  /** The current time by AWS's clock, as far as it is known. */
  now: Date;
  /** Says that this machine's clock is wrong; `undefined`: it is not. */
  clock: string | undefined;
  /** Formats a time as `3 min ago`, or as the time itself. */
  time(date: Date): string;
  /** Formats a time as `for 3 min`, or as `since` with the time itself. */
  since(date: Date): string;
  /** Formats a command line of fota with the global options that were given. */
  fota(...command: string[]): string;
  /** Formats a command line of the aws command for the same account. */
  aws(...command: string[]): string;
  /** What a suggested `fota publish` must name. */
  publish: PublishNeeds;
}

export type JobRule = (facts: Facts, say: Say) => Finding | undefined;
export type ThingRule = (facts: Facts, thing: ThingFacts, say: Say) => Finding | undefined;

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
