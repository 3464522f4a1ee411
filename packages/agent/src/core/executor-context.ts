import type { UpdateReport } from "@fota/shared";
import type { DownloadTuning } from "./download-tuning.js";
import type { ExecutionReporter } from "./execution-reporter.js";
import type { HookRunner } from "./hooks.js";
import type { Interruption } from "./interruption.js";
import type { Device } from "./ports.js";
import type { ProgressPolicy } from "./progress.js";
import type { UpdateEffect, UpdateEvent, UpdateTarget } from "./update-state.js";
import type { UrlRules } from "./url-rules.js";

export interface ExecutorContext {
  device: Device;
  reporter: ExecutionReporter;
  /** Closes the MQTT connection before the download and before a reset (P-47). */
  disconnectMqtt: boolean;
  /** Restarts the device when a reset is due. With false, the caller does. */
  autoReset: boolean;
  hooks: HookRunner;
  /** A notification came since the last pass, so a job that waits for a hook may be gone. */
  notified: boolean;
  selfTest: (() => boolean | Promise<boolean>) | undefined;
  selfTestTimeoutMs: number;
  download: DownloadTuning;
  /** Tells whether the slot of a target is known to hold another image. */
  holdsOther: (target: UpdateTarget) => boolean;
  urlRules: UrlRules;
  progress: ProgressPolicy;
  /** Called for each phase and after each write to the slot. Does not throw. */
  onProgress: (report: UpdateReport) => void;
  /** Raises what a confirmed release raises. Called after each confirm. Rejects if that cannot be saved. */
  confirmTrust: () => Promise<void>;
  /** Calls the listener when the pending jobs may have changed, until the returned function is called. */
  onJobsChange: (listener: () => void) => () => void;
  /** Stops the whole pass: no further effect starts. */
  stop: Interruption;
}

/** Saves what an effect has done so far. Rejects when it cannot be saved. */
export type Advance = (event: UpdateEvent) => Promise<void>;

export type Effect<Type> = Extract<UpdateEffect, { type: Type }>;
