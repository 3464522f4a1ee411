import type { UpdateReport } from "@fota/shared";
import type { DownloadTuning } from "./core/download-tuning.js";
import type { Hooks } from "./core/hooks.js";
import type { ProgressPolicy } from "./core/progress.js";
import type { Job } from "./jobs.js";

export interface FotaOptions extends Hooks {
  /**
   * Longest time that a hook may take to answer.
   * @default 60_000
   */
  hookTimeoutMs?: number;
  /**
   * Tests whether the new image works. Runs on trial, after the broker was reached and before the image is confirmed.
   * If it returns false, throws or takes too long, the device reverts to the old image and reports FAILED
   * `self-test-failed`.
   */
  selfTest?: () => boolean | Promise<boolean>;
  /** @default 60_000 */
  selfTestTimeoutMs?: number;
  /** Called for each phase and after each write to the slot. */
  onProgress?: (report: UpdateReport) => void;
  download?: Partial<DownloadTuning>;
  /**
   * Hosts to download images from: names, and `*.suffix` for all names below `suffix`. A job for another host ends as
   * FAILED `host-refused` before a slot is touched. Default: all hosts. Redirects are never followed.
   */
  allowedHosts?: readonly string[];
  /**
   * Allows `http` to a loopback address, for a stand-in on this machine. Keep it off on a device: anyone who can create
   * a job could reach services of the device itself.
   * @default false
   */
  allowLoopbackHttp?: boolean;
  /**
   * Allows a version below the running one. With false, a document needs a `bc_version` that is not below the device's
   * `firmwareVersion`; any other job ends as FAILED `downgrade`.
   * @default true
   */
  allowDowngrade?: boolean;
  /** How often progress is reported while the connection is kept (`disconnectMqtt: false`). */
  progress?: Partial<ProgressPolicy>;
}

export interface HandleFotaJobsOptions {
  /**
   * Looks for jobs without a notification, as at boot.
   * @default false
   */
  force?: boolean;
  /**
   * Closes the MQTT connection during the download.
   * @default true
   */
  disconnectMqtt?: boolean;
  /**
   * Restarts the device when a reset is due. With false, call `reset`.
   * @default true
   */
  autoReset?: boolean;
  /** Also looks for the job with this id. AWS IoT lists only the first 10 pending jobs of a thing. */
  jobId?: string;
  /** Called once for each job execution of another kind. The agent logs what it throws. */
  jobCallback?: (job: Job) => unknown;
}

/** Options of `handleFotaJobs` with their defaults filled in. */
export type PassSettings = Required<Omit<HandleFotaJobsOptions, "jobCallback" | "jobId">> & {
  [Key in "jobCallback" | "jobId"]: HandleFotaJobsOptions[Key] | undefined;
};

/** Fills in the defaults of `handleFotaJobs`. */
export function passSettings(options: HandleFotaJobsOptions): PassSettings {
  const { force = false, disconnectMqtt = true, autoReset = true, jobCallback, jobId } = options;
  return { force, disconnectMqtt, autoReset, jobCallback, jobId };
}
