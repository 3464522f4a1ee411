import { decodeStatusDetails, isTerminal, type UpdateReport } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import { describeExecution, type Execution } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";

/** What things said of their executions of one job. */
export interface Reports {
  /** Asks for each of them, in their order. What an ended execution said never changes, so it is asked for once. */
  of(executions: readonly Execution[]): Promise<UpdateReport[]>;
}

/** AWS allows 10 requests a second in an account. */
const REQUESTS_AT_ONCE = 5;

export function openReports(iot: Iot, jobId: string): Reports {
  const known = new Map<string, UpdateReport>();
  const keyOf = ({ thing, executionNumber }: Execution) => `${executionNumber} ${thing}`;
  const read = async (execution: Execution) => {
    const before = known.get(keyOf(execution));
    if (before !== undefined) return before;
    const found = await describeExecution(iot, jobId, execution.thing, execution.executionNumber);
    const report = decodeStatusDetails(found?.details);
    if (found !== undefined && isTerminal(found.status)) known.set(keyOf(execution), report);
    return report;
  };
  return { of: (executions) => mapAtOnce(executions, REQUESTS_AT_ONCE, read) };
}
