export { type ErrorCode, FotaError, isFotaError } from "@fota/shared";
export type { BackoffPolicy } from "./core/backoff.js";
export type { DownloadTuning } from "./core/download-tuning.js";
export type { Hook, HookAnswer, Hooks, PendingUpdate } from "./core/hooks.js";
export type { JobsClientOptions, RequestHost } from "./core/jobs-client.js";
export type {
  BootRecord,
  Buffers,
  Clock,
  Device,
  Http,
  HttpResponse,
  InterruptSignal,
  Log,
  LogLevel,
  Mqtt,
  Random,
  ReadBack,
  SlotDigests,
  Slots,
  StateStore,
} from "./core/ports.js";
export type { ProgressPolicy } from "./core/progress.js";
export type { Trust, TrustGuard } from "./core/trust-ports.js";
export { Fota } from "./fota.js";
export {
  FotaAgent,
  type FotaAgentEvents,
  type FotaAgentOptions,
} from "./fota-agent.js";
export type { FotaOptions, HandleFotaJobsOptions } from "./fota-options.js";
export { Job, Jobs, type JobsOptions } from "./jobs.js";
export { type LegacyRecord, legacyRecord } from "./legacy-record.js";
