export { type ErrorCode, FotaError, isFotaError, type JobDocument } from "@fota/shared";
export type { Cancellation } from "./cancel/result.js";
export {
  type CancelOptions,
  cancel,
  type ExplainOptions,
  explain,
  type PromoteOptions,
  promote,
  type RetryOptions,
  retry,
  type StatusOptions,
  status,
  type WaitOptions,
  waitForJob,
} from "./library/jobs.js";
export type { AccessOptions } from "./library/open.js";
export { type PublishOptions, type PublishResult, publish } from "./library/publish.js";
export type { PublishRequest } from "./publish/request.js";
export type { PlanSummary, Published, PublishStep } from "./publish/result.js";
export type { JobSummary, ThingSummary } from "./status/result.js";
export type { Explanation } from "./why/result.js";
