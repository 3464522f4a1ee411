import { rehearse, type Suggestion, suggestRollout, summarizeRuns } from "@fota/local";
import type { Context } from "../context.js";
import { NOT_WANTED } from "./result.js";
import type { Rehearsed } from "./summary.js";

/** For more things, the search takes longer than the rehearsal, so it needs --max-bad. */
const SUGGEST_THINGS_MAX = 100_000;

/** In a smaller fleet, too few devices end before an abort rule must fire, even if no device fails on its own. */
const TELLING_THINGS_MIN = 20;

/** Runs one seed after the other, so that the command can be interrupted in between. */
export async function runAll(
  { host, output }: Context,
  { input }: Rehearsed,
  { seed, runs: count }: { seed: number; runs: number },
) {
  return await output.during("rehearsing", async (progress) => {
    const runs = [];
    for (let index = 0; index < count; index += 1) {
      progress(`rehearsing: run ${index + 1} of ${count}`);
      await new Promise((resolve) => setImmediate(resolve));
      host.signal.throwIfAborted();
      runs.push(...rehearse(input, { seed: seed + index }).runs);
    }
    return summarizeRuns(runs);
  });
}

/** Returns a suggestion, or the reason why there is none. */
export async function suggestionFor(
  context: Context,
  { input }: Rehearsed,
  options: { seed: number; maxBadShare: number; isWanted: boolean; isGiven: boolean },
): Promise<Suggestion | string> {
  const { isWanted, isGiven, ...search } = options;
  if (!isWanted) return NOT_WANTED;
  if (input.population.size > SUGGEST_THINGS_MAX && !isGiven) {
    return `for more than ${SUGGEST_THINGS_MAX} things, it needs --max-bad`;
  }
  const found = await searchRollout(context, suggestRollout(input, search));
  return found ?? whyNone(input.population.size);
}

function whyNone(size: number): string {
  const bad = "an image that fails on 30 % of the devices";
  return size < TELLING_THINGS_MIN
    ? `a fleet of ${size} is too small for an abort rule to tell ${bad} from a good one`
    : `no abort rule can tell ${bad} from this fleet's own failures`;
}

/** Searches step by step, so that the command can be interrupted in between. */
async function searchRollout(
  { host, output }: Context,
  steps: ReturnType<typeof suggestRollout>,
): Promise<Suggestion | undefined> {
  return await output.during("searching a rate and an abort rule", async (progress) => {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      progress(`searching a rate and an abort rule: ${step.value}`);
      await new Promise((resolve) => setImmediate(resolve));
      host.signal.throwIfAborted();
    }
  });
}
