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
   * Tells whether the new image works. Runs on trial, after the broker was reached and before the image is confirmed.
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
   * Hosts to fetch images from: names, and `*.suffix` for all names below one. A job for another host ends as FAILED
   * `host-refused` before anything is touched. Default: all hosts. Redirects are never followed.
   */
  allowedHosts?: readonly string[];
  /**
   * Allows `http` to a loopback address, for a stand-in on this machine. Otherwise anyone who can create a job could
   * reach services of the device itself.
   * @default false
   */
  allowLoopbackHttp?: boolean;
  /**
   * Allows a version below the running one, so that a team can go back. With false, a document needs a `bc_version`
   * that is not below the device's `firmwareVersion`; any other job ends as FAILED `downgrade`.
   * @default true
   */
  allowDowngrade?: boolean;
  /** How often progress is reported while the connection is kept (`disconnectMqtt: false`). */
  progress?: Partial<ProgressPolicy>;
}

export interface HandleFotaJobsOptions {
  /** Look for jobs without a notification, as at boot. */
  force?: boolean;
  /** Close the MQTT connection while the image is downloaded. */
  disconnectMqtt?: boolean;
  /** Restart when a reset is due; otherwise call `reset`. */
  autoReset?: boolean;
  /**
   * A job to look for by its id. AWS IoT lists only the first 10 pending jobs of a thing: a job behind them is in no
   * list.
   */
  jobId?: string;
  /** Called once for each job execution of another kind. What it throws is logged. */
  jobCallback?: (job: Job) => unknown;
}

/** Options of `handleFotaJobs` with their defaults. */
export type PassSettings = Required<Omit<HandleFotaJobsOptions, "jobCallback" | "jobId">> &
  Pick<HandleFotaJobsOptions, "jobCallback" | "jobId">;

export function passSettings(options: HandleFotaJobsOptions): PassSettings {
  const { force = false, disconnectMqtt = true, autoReset = true, jobCallback, jobId } = options;
  return {
    force,
    disconnectMqtt,
    autoReset,
    ...(jobCallback !== undefined && { jobCallback }),
    ...(jobId !== undefined && { jobId }),
  };
}
