import type { JobExecutionStatus } from "@fota/shared";
import { COUNT_KEYS } from "../aws/jobs.js";
import { STATUS_LOOKS, type Tone } from "../pages/look.js";

/** Returns the tone of an execution's status, the same as in charts. */
export function toneOfStatus(status: JobExecutionStatus): Tone {
  return STATUS_LOOKS[COUNT_KEYS[status]].tone;
}
