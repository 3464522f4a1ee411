import type { UpdateReport } from "@fota/shared";
import type { DownloadTuning } from "./core/download-tuning.js";
import type { Hooks } from "./core/hooks.js";
import type { ProgressPolicy } from "./core/progress.js";
import type { Job } from "./jobs.js";

export interface FotaOptions extends Hooks {
  /** How long a hook may take to answer. 60,000 unless given. */
  hookTimeoutMs?: number;
  /**
   * Whether the new image does its work. Runs on trial, after the broker was reached, before the image is confirmed;
   * false, a throw or no end in time goes back to the old image and reports FAILED `self-test-failed`.
   */
  selfTest?: () => boolean | Promise<boolean>;
  /** 60,000 unless given. */
  selfTestTimeoutMs?: number;
  /** Told of each phase and of each write to the slot. */
  onProgress?: (report: UpdateReport) => void;
  download?: Partial<DownloadTuning>;
  /**
   * Hosts that images are fetched from: names, and `*.suffix` for all names below one. An order for another host is
   * FAILED `host-refused` before anything is touched. All hosts unless given; redirects are followed nowhere.
   */
  allowedHosts?: readonly string[];
  /**
   * Whether `http` to a loopback address is fetched. False unless given: whoever can write a job document would reach the
   * services of the device itself with it. For a stand-in on this machine.
   */
  allowLoopbackHttp?: boolean;
  /**
   * Whether a version below the running one is taken. True unless given: a team must be able to go back. With false an
   * order needs a `bc_version` that is not below the device's `firmwareVersion`, else it is FAILED `downgrade`.
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
  /** Restart when it is due; otherwise the caller does, with `reset`. */
  autoReset?: boolean;
  /**
   * A job to look for by its id, as the device learned it in another way: AWS IoT lists only the first 10 pending jobs
   * of a thing, and one that is queued behind others shows in no list.
   */
  jobId?: string;
  /** Gets each job execution that is not fota's, once. What it throws is logged. */
  jobCallback?: (job: Job) => unknown;
}

/** Of `handleFotaJobs`, with its defaults filled in. */
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
