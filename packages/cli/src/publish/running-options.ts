import { FotaError } from "@fota/shared";
import { waitTimeoutMs } from "../settings/flags.js";
import type { CarryOutOptions } from "./run-plan.js";

/** Options of all commands that make a job, beside those of the job itself. */
export interface RunningOptions {
  dryRun?: boolean;
  yes?: boolean;
  wait?: boolean;
  waitTimeout?: string;
}

/** @throws {FotaError} USAGE */
export function runningOptions(options: RunningOptions): CarryOutOptions {
  const { dryRun = false, yes = false, wait = false } = options;
  const timeoutMs = waitTimeoutMs(options);
  if (!dryRun || !wait) return { dryRun, yes, wait, timeoutMs };
  throw new FotaError("USAGE", "--wait follows a job, and --dry-run creates none", {
    hint: "leave one of them out",
  });
}
