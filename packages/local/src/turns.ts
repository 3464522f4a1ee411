import { soon, steadyClock } from "./clock.js";

/** Long work in parts: it yields after each part, which takes about a tenth of a millisecond. */
export type Work<R> = Generator<void, R, void>;

/** How long work may take in one turn of the event loop, all of it together. */
const TURN_MS = 5;
/** Work that goes on at the same time: each may hold what it found so far in memory. */
const RUNNING_MAX = 4;

/** Runs a part of something. Returns whether it has ended. */
type Step = () => boolean;

/** What has begun, in the order of its next turns. */
const running: Step[] = [];
const waiting: Step[] = [];
/** When the present turn has no time left; `undefined` if no work has taken time in it. */
let turnEndsAtMs: number | undefined;

/**
 * Runs work to its result, so that requests and commands are answered between its parts. It begins at once: short work
 * ends in the same turn of the event loop, and needs no promise. The rest takes turns with other work.
 *
 * Between two parts, commands may have changed what the work reads.
 * @param isUnwanted returns whether nobody needs the result any more: then the work ends, and rejects
 * @throws what the work throws, or rejects with it
 */
export function inTurns<R>(work: Work<R>, isUnwanted: () => boolean = () => false): R | Promise<R> {
  const first = work.next();
  if (first.done) return first.value;
  return new Promise((resolve, reject) => {
    const step = () => {
      try {
        if (isUnwanted()) work.throw(new Error("nobody waits for the result any more"));
        const { done, value } = work.next();
        if (done) resolve(value);
        return done === true;
      } catch (error) {
        reject(error);
        return true;
      }
    };
    waiting.push(step);
    if (turnEndsAtMs === undefined) runTurn();
  });
}

/** Runs the work whose turn it is. If there is more, or if it took time, the next turn follows. */
function runTurn(): void {
  turnEndsAtMs = steadyClock.nowMs() + TURN_MS;
  soon(() => {
    turnEndsAtMs = undefined;
    if (running.length + waiting.length > 0) runTurn();
  });
  do {
    running.push(...waiting.splice(0, RUNNING_MAX - running.length));
    const step = running.shift();
    if (step === undefined) return;
    if (!runUntil(step, turnEndsAtMs)) running.push(step);
  } while (steadyClock.nowMs() < turnEndsAtMs);
}

function runUntil(step: Step, endMs: number): boolean {
  do if (step()) return true;
  while (steadyClock.nowMs() < endMs);
  return false;
}
