import { decodeStatusDetails, isTerminal, type UpdateReport } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type Execution } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { given } from "../given.js";
import type { ThingSummary } from "./result.js";

/** Reads the executions of one job with what their things reported. */
export interface Reports {
  /**
   * Returns all of `executions`, in order, with reports for those in `asked` (by default all). The report of an ended
   * execution never changes, so it is read once.
   */
  of(executions: readonly Execution[], asked?: readonly Execution[]): Promise<ThingSummary[]>;
}

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
  return {
    async of(executions, asked = executions) {
      const reports = await mapAtOnce(asked, REQUESTS_AT_ONCE, read);
      const reportOf = new Map(asked.map((execution, i) => [execution, reports[i]]));
      return executions.map((execution) => thingSummary(execution, reportOf.get(execution) ?? {}));
    },
  };
}

export function thingSummary(execution: Execution, report: UpdateReport): ThingSummary {
  const { thing, status, executionNumber, queuedAt, startedAt, lastUpdatedAt } = execution;
  return {
    thing,
    status,
    executionNumber,
    ...given({
      queuedAt: queuedAt?.toISOString(),
      startedAt: startedAt?.toISOString(),
      lastUpdatedAt: lastUpdatedAt?.toISOString(),
    }),
    ...report,
  };
}
