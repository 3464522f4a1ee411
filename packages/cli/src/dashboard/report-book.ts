import { isTerminal, type UpdateReport } from "@fota/shared";
import type { Execution } from "../aws/executions.js";

/** Keeps what the things of one job reported. Each report takes a request, so only those of visible rows are read. */
export interface ReportBook {
  /** Returns the last report that was read; `undefined` if none was. */
  find(execution: Execution): UpdateReport | undefined;
  /** Reads the reports of these executions that are not known or may have changed, in the background. */
  want(executions: readonly Execution[]): void;
}

export interface ReportBookOptions {
  read(executions: readonly Execution[]): Promise<UpdateReport[]>;
  /** Called when new reports are there. */
  onChange(): void;
  /** The age in milliseconds from which the report of an execution in progress is read again. */
  staleMs: number;
  /** A clock that nobody sets, in milliseconds. */
  now?: () => number;
}

interface Entry {
  report: UpdateReport;
  status: Execution["status"];
  atMs: number;
}

/** Reads in pieces, so that the first rows show their reports soon. */
const PIECE = 10;

export function createReportBook({
  read,
  onChange,
  staleMs,
  now = () => performance.now(),
}: ReportBookOptions): ReportBook {
  const entries = new Map<string, Entry>();
  let isReading = false;
  const keyOf = ({ thing, executionNumber }: Execution) => `${executionNumber} ${thing}`;
  const isDue = (execution: Execution) => {
    if (execution.status === "QUEUED") return false; // a thing that has not started reported nothing
    const entry = entries.get(keyOf(execution));
    if (entry === undefined || entry.status !== execution.status) return true;
    return !isTerminal(execution.status) && now() - entry.atMs >= staleMs;
  };

  async function readDue(executions: readonly Execution[]): Promise<void> {
    for (let i = 0; i < executions.length; i += PIECE) {
      const piece = executions.slice(i, i + PIECE);
      const reports = await read(piece);
      piece.forEach((execution, each) => {
        const report = reports[each] ?? {};
        entries.set(keyOf(execution), { report, status: execution.status, atMs: now() });
      });
      onChange();
    }
  }

  return {
    find: (execution) => entries.get(keyOf(execution))?.report,
    want(executions) {
      const due = executions.filter(isDue);
      if (isReading || due.length === 0) return;
      isReading = true;
      readDue(due)
        .catch(() => undefined) // the counts of the job, which are read more often, show the same fault
        .finally(() => {
          isReading = false;
        });
    },
  };
}
