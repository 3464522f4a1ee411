import { join } from "node:path";
import { isCount, isRecord } from "../../core/guards.js";
import type { Log } from "../../core/ports.js";
import { fileState } from "../../node/file-state.js";
import { SavedList } from "../executable/saved-list.js";
import { isJobVerdict, type JobVerdict } from "./verdict.js";

/** What is saved of a job execution that a handler works on. */
export interface JobRecord {
  jobId: string;
  executionNumber: number;
  /** How often the handler was started without an end that counts. */
  attempts: number;
  /** The end that is still to be reported. */
  verdict?: JobVerdict;
}

type ExecutionKey = Pick<JobRecord, "jobId" | "executionNumber">;

/** The records of the executions that this daemon has taken, across restarts. All reject with STATE_ACCESS. */
export class JobRecords {
  readonly #list: SavedList<JobRecord>;

  constructor(stateDir: string, log: Log) {
    const path = join(stateDir, "fota-jobs.json");
    this.#list = new SavedList(fileState(path, log), isJobRecord, () =>
      log(
        "error",
        `${path} is damaged: other jobs that were in progress here are not reported any more; cancel them with --force`,
      ),
    );
  }

  async all(): Promise<readonly JobRecord[]> {
    return await this.#list.items();
  }

  async find(execution: ExecutionKey): Promise<JobRecord | undefined> {
    return (await this.all()).find(isOf(execution));
  }

  /** Saves a record in place of the one before. */
  async save(record: JobRecord): Promise<void> {
    await this.#list.change((all) => [...all.filter((each) => !isOf(record)(each)), record]);
  }

  async remove(execution: ExecutionKey): Promise<void> {
    await this.#list.change((all) => all.filter((each) => !isOf(execution)(each)));
  }
}

function isOf({ jobId, executionNumber }: ExecutionKey): (record: ExecutionKey) => boolean {
  return (record) => record.jobId === jobId && record.executionNumber === executionNumber;
}

function isJobRecord(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value["jobId"] === "string" &&
    isCount(value["executionNumber"]) &&
    isCount(value["attempts"]) &&
    (value["verdict"] === undefined || isJobVerdict(value["verdict"]))
  );
}
