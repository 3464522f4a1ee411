import {
  isTerminal,
  type JobExecutionStatus,
  notifyTopic,
  type ReportedStatus,
  type StatusDetails,
} from "@fota/shared";
import { engineHost } from "./core/engine-host.js";
import { errorOf, JobsClient, type JobsClientOptions, type RequestHost } from "./core/jobs-client.js";
import { type PendingExecution, readNotifiedIds } from "./core/jobs-payloads.js";
import type { Mqtt } from "./core/ports.js";

/** Ids that notifications named are kept up to this many, the newest: a device has little memory. */
const NOTIFIED_IDS_MAX = 32;

export interface JobsOptions extends JobsClientOptions {
  /** Timers and tokens for requests; those of the engine unless given. */
  host?: RequestHost;
}

/**
 * The pending job executions of one thing (P-20 to P-24). One `Jobs` for one connection: requests share its topics.
 */
export class Jobs {
  readonly mqtt: Mqtt;
  readonly client: JobsClient;
  #changed = false;
  readonly #listeners = new Set<() => void>();
  readonly #notified = new Set<string>();
  #subscribed: Promise<void> | undefined;

  /** Asks for notifications at once; while that fails, `list` tries again. */
  constructor(mqtt: Mqtt, options: JobsOptions = {}) {
    this.mqtt = mqtt;
    this.client = new JobsClient(mqtt, options.host ?? engineHost, options);
    void this.#subscribe();
  }

  /**
   * Whether the pending jobs may have changed since the last call, which it forgets: a notification came, or the
   * connection was lost and came back, so that one may have been missed. False at first (P-21, P-44).
   */
  changed(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /**
   * Calls `listener` whenever `changed` becomes, or stays, true, until the returned function is called.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Asks for the pending executions: those in progress, and those queued, oldest first. AWS shows at most 10 in all.
   * @throws {FotaError} REQUEST_REJECTED, REQUEST_TIMED_OUT, MQTT_CLOSED
   */
  async list(): Promise<[inProgress: Job[], queued: Job[]]> {
    await this.#subscribe();
    const result = await this.client.getPending();
    if (result.outcome !== "accepted") throw errorOf(result);
    const { inProgress, queued } = result.value;
    const jobsOf = (pending: PendingExecution[], status: JobExecutionStatus) =>
      pending.map((execution) => new Job(this, execution, status));
    return [jobsOf(inProgress, "IN_PROGRESS"), jobsOf(queued, "QUEUED")];
  }

  /**
   * Asks for one pending execution by its job id, also when the queue is too long for `list` to show it. Returns it
   * with its document; `undefined` if the execution is not pending.
   * @throws {FotaError} REQUEST_TIMED_OUT, MQTT_CLOSED
   */
  async find(jobId: string): Promise<Job | undefined> {
    const job = new Job(this, { jobId, executionNumber: 1, versionNumber: 1, queuedAt: 0 }, "QUEUED");
    return (await job.describe()) && !isTerminal(job.status) ? job : undefined;
  }

  /** Ids of jobs that notifications named since the start: `list` may not show them any more. */
  notifiedIds(): string[] {
    return [...this.#notified];
  }

  #note(payload: string): void {
    for (const jobId of readNotifiedIds(payload)) {
      this.#notified.delete(jobId); // to the end: it is the newest
      this.#notified.add(jobId);
    }
    for (const jobId of [...this.#notified].slice(0, -NOTIFIED_IDS_MAX)) this.#notified.delete(jobId);
  }

  /** Never rejects: without notifications `list` still works. */
  #subscribe(): Promise<void> {
    const onChange = () => {
      this.#changed = true;
      for (const listener of [...this.#listeners]) listener();
    };
    this.#subscribed ??= this.mqtt
      .subscribe(
        notifyTopic(this.mqtt.thingName),
        (payload) => {
          this.#note(payload);
          onChange();
        },
        onChange,
      )
      .catch(() => {
        this.#subscribed = undefined;
      });
    return this.#subscribed;
  }
}

/** One job execution of this thing (P-25 to P-29). */
export class Job {
  readonly jobId: string;
  readonly thingName: string;
  executionNumber: number;
  /** As the last answer of the service had it. */
  status: JobExecutionStatus;
  /** The next update's expected version; moves on with each accepted update (B-17). */
  version: number;
  /** The job document, not checked; `undefined` before `describe`. */
  document: unknown;
  readonly #client: JobsClient;

  constructor(jobs: Jobs, execution: PendingExecution, status: JobExecutionStatus) {
    this.#client = jobs.client;
    this.thingName = jobs.mqtt.thingName;
    this.jobId = execution.jobId;
    this.executionNumber = execution.executionNumber;
    this.version = execution.versionNumber;
    this.status = status;
  }

  /**
   * Reads status, version and document. False: the service has no such pending execution (any more).
   * @throws {FotaError} REQUEST_TIMED_OUT, MQTT_CLOSED
   */
  async describe(): Promise<boolean> {
    const result = await this.#client.describe(this.jobId);
    if (result.outcome === "unanswered") throw result.error;
    if (result.outcome === "rejected" || result.value === undefined) return false;
    const { executionNumber, versionNumber, status, document } = result.value;
    this.executionNumber = executionNumber;
    this.version = versionNumber;
    this.status = status;
    this.document = document;
    return true;
  }

  /**
   * Reports `status`. True only when the service accepted it; false when it refused, as for a canceled job or another
   * version than the last one described.
   * @throws {FotaError} REQUEST_TIMED_OUT, MQTT_CLOSED: it is unknown whether the service accepted it
   */
  async update(status: ReportedStatus, details: StatusDetails = {}): Promise<boolean> {
    const { jobId, executionNumber, version: expectedVersion } = this;
    const result = await this.#client.update({ jobId, status, details, expectedVersion, executionNumber });
    if (result.outcome === "unanswered") throw result.error;
    if (result.outcome === "rejected") return false;
    if (result.value !== undefined && result.value.status !== status) return false;
    this.status = status;
    this.version = result.value?.versionNumber ?? expectedVersion + 1;
    return true;
  }

  toString(): string {
    return `${this.jobId}@${this.thingName}`;
  }
}
