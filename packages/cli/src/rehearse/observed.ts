import type { JobExecutionStatus, UpdateReport } from "@fota/shared";

/** Holds what AWS IoT knows of one attempt of a job on one thing. */
export interface ObservedExecution {
  thing: string;
  /** Numbers the attempts of the job on this thing, from 1. */
  attempt: number;
  status: JobExecutionStatus;
  queuedMs: number;
  /** Absent if the device did not start. */
  startedMs?: number;
  lastUpdatedMs: number;
  /** What the device reported; absent if it was not read. */
  report?: UpdateReport;
}

/** Holds a job that devices have carried out. */
export interface ObservedJob {
  jobId: string;
  createdMs: number;
  /** When the last execution ended, or when the executions were read. */
  seenUntilMs: number;
  imageBytes: number;
  /** Firmware version of the image. */
  version?: string;
  /** Hardware model of the image. */
  model?: string;
  /** With maintenance windows, a device may wait although it is online. */
  hasWindows: boolean;
  executions: ObservedExecution[];
}
