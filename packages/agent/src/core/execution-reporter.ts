import {
  type FotaError,
  isTerminal,
  type JobExecutionState,
  messageOf,
  type ReportedStatus,
  type StatusDetails,
} from "@fota/shared";
import { targetsIn } from "./check-document.js";
import { withTimeout } from "./deadline.js";
import { isTransient, type JobsClient, type JobsRejection } from "./jobs-client.js";
import type { DescribedExecution } from "./jobs-payloads.js";
import type { Clock, Log, Mqtt } from "./ports.js";
import type { ExecutionRef, UpdateTarget } from "./update-state.js";

/** The service's answer to a report. */
export type ReportAnswer =
  | { kind: "accepted"; versionNumber: number }
  /** The service accepts no report of this execution; `ended` is its final status, if known. */
  | { kind: "gone"; ended?: string }
  | { kind: "unanswered" };

/** The service's answer to a request for a fresh URL. */
export type RefreshAnswer =
  | { kind: "url"; url: string; deltas: UpdateTarget["deltas"]; versionNumber: number }
  | NotAccepted;

type NotAccepted = Exclude<ReportAnswer, { kind: "accepted" }>;

/** Longest wait for a connection, or for it to close. */
const CONNECT_LIMIT_MS = 60_000;
/** How often one report adopts the version of the service. Each time means that an answer was lost. */
const ADOPTIONS_MAX = 3;

/** Reports on job executions and asks about them. Never throws: errors become `unanswered` and are logged. */
export class ExecutionReporter {
  readonly #mqtt: Mqtt;
  readonly #client: JobsClient;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(mqtt: Mqtt, client: JobsClient, clock: Clock, log: Log) {
    this.#mqtt = mqtt;
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** Connects if needed. Returns whether the connection is up. */
  async connect(): Promise<boolean> {
    return await this.#withinLimit("connect", () => this.#mqtt.connect());
  }

  async disconnect(): Promise<void> {
    await this.#withinLimit("disconnect", () => this.#mqtt.disconnect());
  }

  /**
   * Reports `status`. A version mismatch on an execution that has not ended means that an answer was lost: adopts the
   * version of the service and repeats the report.
   */
  async report(
    execution: ExecutionRef,
    status: ReportedStatus,
    details: StatusDetails,
  ): Promise<ReportAnswer> {
    if (!(await this.connect())) return { kind: "unanswered" };
    const { jobId, executionNumber } = execution;
    let expectedVersion = execution.versionNumber;
    for (let adoptions = 0; ; adoptions += 1) {
      const result = await this.#client.update({ jobId, executionNumber, expectedVersion, status, details });
      if (result.outcome === "unanswered") return this.#unanswered(jobId, result.error);
      if (result.outcome === "accepted") {
        const state = result.value;
        if (state !== undefined && state.status !== status) return { kind: "gone", ended: state.status };
        return { kind: "accepted", versionNumber: state?.versionNumber ?? expectedVersion + 1 };
      }
      const { rejection } = result;
      if (isTransient(rejection)) return this.#unanswered(jobId, rejection.error);
      const isStale = rejection.code === "VersionMismatch";
      const current = isStale ? await this.#current(execution, rejection) : gone(rejection);
      const { message } = rejection.error;
      // A version mismatch alone is normal after a power cut or a kill.
      if (current.kind === "gone" && current.ended !== status)
        this.#log("warn", `${message}: job ${jobId} has ended, was deleted, or was created again`);
      else this.#log("debug", message);
      if (current.kind !== "execution") return current;
      const { versionNumber } = current;
      if (adoptions >= ADOPTIONS_MAX) {
        // Several answers were lost. If the execution has the reported status, one of the reports arrived.
        return current.status === status
          ? { kind: "accepted", versionNumber }
          : this.#unanswered(jobId, rejection.error);
      }
      expectedVersion = versionNumber;
    }
  }

  /** Asks for the job document again. Returns a fresh URL of the same image while the execution is in progress. */
  async refreshUrl(execution: ExecutionRef, target: UpdateTarget): Promise<RefreshAnswer> {
    if (!(await this.connect())) return { kind: "unanswered" };
    const described = await this.#describe(execution);
    if (described.kind !== "execution") return described;
    if (described.status !== "IN_PROGRESS") return { kind: "gone" };
    const same = targetsIn(described.document).find(
      ({ slot, sizeBytes, md5, sha256 }) =>
        slot === target.slot &&
        sizeBytes === target.sizeBytes &&
        md5 === target.md5 &&
        (target.sha256 === undefined || sha256 === target.sha256),
    );
    if (same === undefined) return { kind: "gone" };
    const { url, deltas } = same;
    return { kind: "url", url, deltas, versionNumber: described.versionNumber };
  }

  /** Returns the execution after a version mismatch. Asks the service if the rejection has no state. */
  async #current(
    execution: ExecutionRef,
    { executionState: state }: JobsRejection,
  ): Promise<({ kind: "execution" } & JobExecutionState) | NotAccepted> {
    if (state === undefined) return await this.#describe(execution);
    if (isSuccessor(state, execution)) return { kind: "gone" };
    return isTerminal(state.status) ? { kind: "gone", ended: state.status } : { kind: "execution", ...state };
  }

  async #describe(
    execution: ExecutionRef,
  ): Promise<({ kind: "execution" } & DescribedExecution) | NotAccepted> {
    const { jobId, executionNumber } = execution;
    const result = await this.#client.describe(jobId);
    if (result.outcome === "unanswered") return this.#unanswered(jobId, result.error);
    if (result.outcome === "rejected") {
      const { rejection } = result;
      return isTransient(rejection) ? this.#unanswered(jobId, rejection.error) : gone(rejection);
    }
    const described = result.value;
    if (described?.executionNumber !== executionNumber) return { kind: "gone" };
    if (isSuccessor(described, execution)) return { kind: "gone" };
    return { kind: "execution", ...described };
  }

  #unanswered(jobId: string, error: FotaError): { kind: "unanswered" } {
    this.#log("warn", `job ${jobId}: ${error.message}`, error);
    return { kind: "unanswered" };
  }

  async #withinLimit(what: string, action: () => Promise<void>): Promise<boolean> {
    try {
      const late = `not done within ${CONNECT_LIMIT_MS} ms`;
      await withTimeout(this.#clock, CONNECT_LIMIT_MS, action(), late);
      return true;
    } catch (error) {
      this.#log("warn", `MQTT ${what} failed: ${messageOf(error)}`, error);
      return false;
    }
  }
}

/**
 * Tells whether this is another execution with the same job id and number. AWS IoT permits both again once the job or the
 * execution is deleted (API Reference, DeleteJob and DeleteJobExecution), and the version of an execution only grows.
 */
function isSuccessor({ versionNumber }: { versionNumber: number }, known: ExecutionRef): boolean {
  return versionNumber < known.versionNumber;
}

function gone({ executionState }: JobsRejection): NotAccepted {
  return executionState === undefined ? { kind: "gone" } : { kind: "gone", ended: executionState.status };
}
