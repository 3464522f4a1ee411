import { FotaError } from "@fota/shared";
import { parseTimeoutMs } from "../settings/flags.js";
import type { RunPlanOptions } from "./run-plan.js";

/** Holds the options of all commands that create a job, apart from the options of the job itself. */
export interface RunningOptions {
  dryRun?: boolean;
  yes?: boolean;
  wait?: boolean;
  /** Limits the wait; without `wait` it is the former name of `thingTimeout`. */
  timeout?: string;
  /** The former name of `timeout`. */
  waitTimeout?: string;
}

interface TimeoutOptions extends RunningOptions {
  thingTimeout?: string;
}

/**
 * Separates the options of the command from those of its job.
 *
 * `--timeout` was once the time limit of one thing. Without `--wait`, or with `--wait-timeout`, it can only mean
 * that: the job gets it as its `timeout`. With `--wait` alone it limits the wait.
 * @throws {FotaError} USAGE
 */
export function runningOptions<T extends TimeoutOptions>({
  dryRun = false,
  yes = false,
  wait = false,
  timeout,
  waitTimeout,
  ...job
}: T): { running: RunPlanOptions; job: Omit<T, keyof RunningOptions> & Pick<RunningOptions, "timeout"> } {
  if (dryRun && wait) {
    throw new FotaError("USAGE", "--wait follows a job, and --dry-run creates none", {
      hint: "leave one of them out",
    });
  }
  const ofThing =
    timeout !== undefined && job.thingTimeout === undefined && (!wait || waitTimeout !== undefined);
  const flag = ofThing || timeout === undefined ? "--wait-timeout" : "--timeout";
  const limit = ofThing ? waitTimeout : (timeout ?? waitTimeout);
  if (limit !== undefined && !wait) {
    throw new FotaError("USAGE", `${flag} limits how long to wait, and --wait is not given`, {
      hint: `add --wait, or leave ${flag} out`,
    });
  }
  const timeoutMs = limit === undefined ? undefined : parseTimeoutMs(limit, flag);
  return { running: { dryRun, yes, wait, timeoutMs }, job: ofThing ? { ...job, timeout } : job };
}
