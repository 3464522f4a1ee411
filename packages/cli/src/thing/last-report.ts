import { decodeStatusDetails, isTerminal, LIST_PAGE_MAX } from "@fota/shared";
import { describeExecution, type ExecutionOfThing, listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";

/** The firmware that a thing last reported. */
export interface FirmwareReport {
  /** As the device reported it: `1.4.0, slot 1`. */
  running: string;
  jobId: string;
  reportedAt: Date | undefined;
}

/** Limits the requests, one for each execution: if the newest have no report, older ones rarely do. */
const LOOKED_AT_MAX = 3;

/** Returns the firmware that the newest executions of a thing report; `undefined` if none does. */
export async function lastReport(
  iot: Iot,
  thing: string,
  executions: readonly ExecutionOfThing[],
): Promise<FirmwareReport | undefined> {
  // A canceled or removed execution changed no firmware.
  const telling = executions.filter(({ status }) => status !== "CANCELED" && status !== "REMOVED");
  const newest = [...telling].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, LOOKED_AT_MAX);
  for (const { jobId, executionNumber, lastUpdatedAt } of newest) {
    const found = await describeExecution(iot, jobId, thing, executionNumber);
    const { running } = decodeStatusDetails(found?.details);
    if (running !== undefined) return { running, jobId, reportedAt: lastUpdatedAt };
  }
  return undefined;
}

/** Returns the executions of a thing that have not ended. */
export function pendingOf(executions: readonly ExecutionOfThing[]): ExecutionOfThing[] {
  return executions.filter(({ status }) => !isTerminal(status));
}

/** Returns the first page of the executions of a thing, which has the newest. @throws {FotaError} THING_NOT_FOUND */
export async function newestExecutions(iot: Iot, thing: string): Promise<ExecutionOfThing[]> {
  const found: ExecutionOfThing[] = [];
  for await (const execution of listExecutionsOfThing(iot, thing)) {
    found.push(execution);
    if (found.length === LIST_PAGE_MAX) break;
  }
  return found;
}

function timeOf({ lastUpdatedAt }: ExecutionOfThing): number {
  return lastUpdatedAt?.getTime() ?? 0;
}
