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

/** Job ids from notifications that are remembered, newest first: a device has little memory. */
const NOTIFIED_IDS_MAX = 32;

export interface JobsOptions extends JobsClientOptions {
  /** Timers and tokens for requests. Default: those of the JavaScript engine. */
  host?: RequestHost;
}

/**
 * The pending job executions of one thing (P-20 to P-24). Create only one `Jobs` for each connection, because its
 * requests share topics.
 */
export class Jobs {
  readonly mqtt: Mqtt;
  readonly client: JobsClient;
  #changed = false;
  readonly #listeners = new Set<() => void>();
  readonly #notified = new Set<string>();
  #subscribed: Promise<void> | undefined;

  /** Subscribes to notifications at once. If that fails, `list` tries again. */
  constructor(mqtt: Mqtt, options: JobsOptions = {}) {
    this.mqtt = mqtt;
    this.client = new JobsClient(mqtt, options.host ?? engineHost, options);
    void this.#subscribe();
  }

  /**
   * Tells whether the pending jobs may have changed since the last call: a notification came, or the connection was
   * restored, so that one may have been missed. Each call resets it. False at first (P-21, P-44).
   */
  changed(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /**
   * Calls `listener` whenever the pending jobs may have changed, until the returned function is called.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Asks for the pending executions: those in progress and those queued, oldest first. AWS lists at most 10 in total.
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
   * Asks for one pending execution by its job id, even if `list` is too short to show it. Returns it with its document;
   * `undefined` if the execution is not pending.
   * @throws {FotaError} REQUEST_TIMED_OUT, MQTT_CLOSED
   */
  async find(jobId: string): Promise<Job | undefined> {
    const job = new Job(this, { jobId, executionNumber: 1, versionNumber: 1, queuedAt: 0 }, "QUEUED");
    return (await job.describe()) && !isTerminal(job.status) ? job : undefined;
  }

  /** Returns the ids of jobs in notifications since the start. `list` may no longer show them. */
  notifiedIds(): string[] {
    return [...this.#notified];
  }

  #note(payload: string): void {
    for (const jobId of readNotifiedIds(payload)) {
      this.#notified.delete(jobId); // moves it to the end, as the newest
      this.#notified.add(jobId);
    }
    for (const jobId of [...this.#notified].slice(0, -NOTIFIED_IDS_MAX)) this.#notified.delete(jobId);
  }

  /** Subscribes to notifications. Never rejects, because `list` works without them. */
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
  /** Status in the last answer of the service. */
  status: JobExecutionStatus;
  /** Expected version of the next update. Grows with each accepted update (B-17). */
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
   * Reads status, version and document from the service. Returns false if the execution is not pending.
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
   * Reports `status`. Returns true only if the service accepted it; false if it refused, for example because the job
   * was canceled or `version` is outdated.
   * @throws {FotaError} REQUEST_TIMED_OUT, MQTT_CLOSED: the service may or may not have accepted it
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
