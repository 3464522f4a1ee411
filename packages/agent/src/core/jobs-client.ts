import {
  FotaError,
  isFotaError,
  type JobExecutionState,
  messageOf,
  type ReportedStatus,
  requestTopic,
  type StatusDetails,
  type UpdateJobExecutionRequest,
} from "@fota/shared";
import { type BackoffPolicy, backoffMs } from "./backoff.js";
import { withTimeout } from "./deadline.js";
import {
  type DescribedExecution,
  type PendingExecutions,
  parseMessage,
  type RejectionPayload,
  readExecution,
  readExecutionState,
  readPending,
  readRejection,
} from "./jobs-payloads.js";
import type { Clock, Mqtt, Random } from "./ports.js";

/** The result of a request. `unanswered` is not a refusal: the service may have acted on the request. */
export type JobsResult<T> =
  | { outcome: "accepted"; value: T }
  | { outcome: "rejected"; rejection: JobsRejection }
  /** Nothing usable came back: MQTT_CLOSED, MQTT_UNREACHABLE, REQUEST_TIMED_OUT or RESPONSE_INVALID. */
  | { outcome: "unanswered"; error: FotaError };

export interface JobsRejection extends RejectionPayload {
  /** REQUEST_REJECTED. Its message holds AWS's code and message. */
  error: FotaError;
}

export interface JobsClientOptions {
  /**
   * Limit on one request and its answer.
   * @default 10_000
   */
  requestTimeoutMs?: number;
  /**
   * How often a request is sent in total if it is throttled, fails or gets no answer.
   * @default 3
   */
  attempts?: number;
  /** Delays between attempts. Default: 1 s to 20 s. */
  backoff?: BackoffPolicy;
}

export interface ExecutionUpdate {
  jobId: string;
  status: ReportedStatus;
  details: StatusDetails;
  expectedVersion?: number;
  executionNumber?: number;
}

/** Timers and random values for requests. */
export type RequestHost = Pick<Clock, "sleep" | "after"> & Random;

/**
 * A client of AWS IoT Jobs over MQTT. Sends one request at a time, each with its own client token and a time limit.
 * Subscribes to the two answer topics of a request and unsubscribes afterward (B-19 to B-24). Never throws.
 */
export class JobsClient {
  readonly #mqtt: Mqtt;
  readonly #host: RequestHost;
  readonly #timeoutMs: number;
  readonly #attempts: number;
  readonly #backoff: BackoffPolicy;
  /** Topics with a request whose answer may still come. An answer without a token could belong to it. */
  readonly #unanswered = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(mqtt: Mqtt, host: RequestHost, options: JobsClientOptions = {}) {
    this.#mqtt = mqtt;
    this.#host = host;
    this.#timeoutMs = options.requestTimeoutMs ?? 10_000;
    this.#attempts = options.attempts ?? 3;
    this.#backoff = options.backoff ?? { baseMs: 1_000, maxMs: 20_000 };
  }

  getPending(): Promise<JobsResult<PendingExecutions>> {
    const topic = requestTopic(this.#mqtt.thingName, { operation: "getPending" });
    return this.request(topic, {}, readPending);
  }

  /** Reads an execution with its document. The value is `undefined` if the service has no such execution. */
  describe(jobId: string): Promise<JobsResult<DescribedExecution | undefined>> {
    const topic = requestTopic(this.#mqtt.thingName, { operation: "describe", jobId });
    return this.request(topic, {}, readExecution);
  }

  /**
   * Updates an execution. The value is its new state; `undefined` if the service accepted the update without a state.
   */
  update(update: ExecutionUpdate): Promise<JobsResult<JobExecutionState | undefined>> {
    const { jobId, status, details, expectedVersion, executionNumber } = update;
    const topic = requestTopic(this.#mqtt.thingName, { operation: "update", jobId });
    const statusDetails = { ...details }; // a copy, because the caller may change it before a retry (B-30)
    const body: WithUndefined<UpdateJobExecutionRequest> = {
      status,
      statusDetails,
      includeJobExecutionState: true,
      expectedVersion,
      executionNumber,
    };
    return this.request(topic, body, readExecutionState);
  }

  /** Sends a request to any service of AWS IoT that answers on `<topic>/accepted` and `<topic>/rejected`. */
  request<T>(
    topic: string,
    body: object,
    read: (message: Record<string, unknown>) => T,
  ): Promise<JobsResult<T>> {
    const queued = this.#last.then(() => this.#requestWithRetries(topic, body, read));
    this.#last = queued;
    return queued;
  }

  async #requestWithRetries<T>(
    topic: string,
    body: object,
    read: (message: Record<string, unknown>) => T,
  ): Promise<JobsResult<T>> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#requestOnce(topic, body, read);
      if (attempt >= this.#attempts || !isRetryable(result)) return result;
      await this.#host.sleep(backoffMs(attempt, this.#backoff, this.#host.next()));
    }
  }

  async #requestOnce<T>(
    topic: string,
    body: object,
    read: (message: Record<string, unknown>) => T,
  ): Promise<JobsResult<T>> {
    try {
      const late = `no answer on ${topic} within ${this.#timeoutMs} ms`;
      return await withTimeout(this.#host, this.#timeoutMs, this.#exchange(topic, body, read), late);
    } catch (error) {
      this.#unanswered.add(topic);
      const known = isFotaError(error)
        ? error
        : new FotaError("MQTT_CLOSED", `the request on ${topic} could not be sent: ${messageOf(error)}`, {
            cause: error,
          });
      return { outcome: "unanswered", error: known };
    } finally {
      await Promise.all(["accepted", "rejected"].map((answer) => this.#unsubscribe(`${topic}/${answer}`)));
    }
  }

  async #exchange<T>(
    topic: string,
    body: object,
    read: (message: Record<string, unknown>) => T,
  ): Promise<JobsResult<T>> {
    const clientToken = this.#host.token();
    const isAnswer = (message: Record<string, unknown>) =>
      message["clientToken"] === clientToken ||
      (message["clientToken"] === undefined && !this.#unanswered.has(topic));
    let resolveAnswer: (result: JobsResult<T>) => void;
    const answered = new Promise<JobsResult<T>>((resolve) => {
      resolveAnswer = resolve;
    });
    const listen = (answer: string, resultOf: (message: Record<string, unknown>) => JobsResult<T>) =>
      this.#mqtt.subscribe(`${topic}/${answer}`, (payload) => {
        const message = parseMessage(payload);
        if (message !== undefined && isAnswer(message)) resolveAnswer(resultOf(message));
      });
    await Promise.all([
      listen("accepted", (message) => ({ outcome: "accepted", value: read(message) })),
      listen("rejected", (message) => rejected(topic, readRejection(message))),
    ]);
    const sent = this.#mqtt.publish(topic, JSON.stringify({ ...body, clientToken }));
    return await Promise.race([answered, sent.then(() => answered)]); // the answer may overtake the PUBACK
  }

  async #unsubscribe(topic: string): Promise<void> {
    try {
      const late = `unsubscribe from ${topic} got no answer`;
      await withTimeout(this.#host, this.#timeoutMs, this.#mqtt.unsubscribe(topic), late);
    } catch {
      // A closed connection has no subscriptions.
    }
  }
}

/** A request as an object: JSON leaves out what is undefined. */
type WithUndefined<T> = { [Key in keyof T]: T[Key] | undefined };

/** Returns the error of a result that was not accepted. */
export function errorOf(result: Exclude<JobsResult<unknown>, { outcome: "accepted" }>): FotaError {
  return result.outcome === "rejected" ? result.rejection.error : result.error;
}

function isRetryable(result: JobsResult<unknown>): boolean {
  if (result.outcome === "accepted") return false;
  if (result.outcome === "rejected") return isTransient(result.rejection);
  return result.error.code === "REQUEST_TIMED_OUT";
}

/** Tells whether a rejection is a temporary error of the service, which does not concern the execution. */
export function isTransient({ code }: JobsRejection): boolean {
  return code === "RequestThrottled" || code === "InternalError";
}

function rejected(topic: string, payload: RejectionPayload): JobsResult<never> {
  const error = new FotaError(
    "REQUEST_REJECTED",
    `the request on ${topic} was rejected: ${payload.code}, ${payload.message}`,
  );
  return { outcome: "rejected", rejection: { ...payload, error } };
}
