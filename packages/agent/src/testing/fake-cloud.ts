import {
  FotaError,
  isTerminal,
  type JobExecutionStatus,
  PENDING_EXECUTIONS_SHOWN_MAX,
  type StatusDetails,
} from "@fota/shared";
import type { Mqtt } from "../core/ports.js";
import type { Power } from "./power.js";

export interface FakeExecution {
  jobId: string;
  document: unknown;
  status: JobExecutionStatus;
  statusDetails: StatusDetails;
  versionNumber: number;
  executionNumber: number;
  queuedAt: number;
}

/**
 * What happens to one message: the request or its answer is lost, arrives twice or late; the link breaks before the
 * answer; or the service rejects it with `code`.
 */
export type MessageFault =
  | "lose"
  | "loseAnswer"
  | "doubleRequest"
  | "double"
  | "delay"
  | "delayAnswer"
  | "disconnect"
  | { code: string };

interface Request {
  status?: JobExecutionStatus;
  statusDetails?: StatusDetails;
  /** Of an update of a shadow. */
  state?: { reported?: Record<string, unknown> };
  expectedVersion?: number;
  executionNumber?: number;
  includeJobExecutionState?: boolean;
  clientToken?: string;
}

/**
 * A Jobs service and a broker for one thing, in memory, with AWS's topics. Sends answers and notifications to the
 * topics that the device subscribed to.
 */
export class FakeCloud {
  readonly thingName = "thing-1";
  readonly executions: FakeExecution[] = [];
  /** All messages that the device published. */
  readonly published: { topic: string; payload: Request }[] = [];
  /** All statuses that the service accepted, oldest first. */
  readonly accepted: string[] = [];
  /** The reported states of named shadows, by name. */
  readonly shadows = new Map<string, Record<string, unknown>>();
  /** Chooses the fault of a published message; `count` is its number from 1. */
  fault: (topic: string, payload: Request, count: number) => MessageFault | undefined = () => undefined;
  /** The device can connect. */
  reachable = true;
  /** Answers do not repeat the client token of the request. */
  dropTokens = false;
  /** Runs the action of a delayed message. */
  later: (action: () => void) => void = (action) => action();
  /** Returns the document to send, as AWS replaces placeholders on each request. */
  fillIn: (document: unknown) => unknown = (document) => document;
  #link: FakeLink | undefined;

  addJob(jobId: string, document: unknown, executionNumber = 1): FakeExecution {
    const queuedAt = 1_700_000_000 + this.executions.length;
    const execution: FakeExecution = {
      jobId,
      document,
      executionNumber,
      queuedAt,
      status: "QUEUED",
      statusDetails: {},
      versionNumber: 1,
    };
    this.executions.push(execution);
    this.#notify();
    return execution;
  }

  cancel(execution: FakeExecution): void {
    execution.status = "CANCELED";
    execution.versionNumber += 1;
    this.#notify();
  }

  get isConnected(): boolean {
    return this.#link?.connected === true;
  }

  /** Topics that the device is subscribed to. */
  get subscriptions(): string[] {
    return [...(this.#link?.handlers.keys() ?? [])];
  }

  /** Breaks the link. It reconnects at once, as `Mqtt` promises. */
  dropLink(): void {
    this.#link?.drop();
  }

  /** Sends a message to the device. */
  send(topic: string, payload: unknown): void {
    this.#link?.deliver(topic, typeof payload === "string" ? payload : JSON.stringify(payload));
  }

  /** Returns the connection of a device that starts on `power`. It is connected from the beginning. */
  mqtt(power: Power): Mqtt {
    const link = new FakeLink();
    this.#link = link;
    return {
      thingName: this.thingName,
      connect: () =>
        power.pass("mqtt.connect", () => {
          if (!this.reachable) throw new FotaError("MQTT_UNREACHABLE", "the broker does not answer");
          link.connected = true;
        }),
      disconnect: () =>
        power.pass("mqtt.disconnect", () => {
          link.connected = false;
        }),
      publish: (topic, payload) =>
        power.pass(`mqtt.publish ${topic.split("/jobs/")[1] ?? topic}`, () => {
          if (!link.connected) throw new FotaError("MQTT_CLOSED", "the connection is closed");
          this.#receive(topic, JSON.parse(payload) as Request, power);
        }),
      subscribe: (topic, onMessage, onReconnect) =>
        power.pass("mqtt.subscribe", () => {
          if (!link.connected) throw new FotaError("MQTT_CLOSED", "the connection is closed");
          link.handlers.set(topic, { onMessage, onReconnect });
        }),
      unsubscribe: (topic) =>
        power.pass("mqtt.unsubscribe", () => {
          link.handlers.delete(topic);
        }),
    };
  }

  #receive(topic: string, payload: Request, power: Power): void {
    this.published.push({ topic, payload });
    const fault = this.fault(topic, payload, this.published.length);
    if (fault === "lose") return;
    if (fault === "delay") this.later(() => this.#process(topic, payload, undefined));
    else this.#process(topic, payload, fault, power);
    if (fault === "doubleRequest") this.#process(topic, payload, undefined);
  }

  /** Without `power`, the answer goes to the process that is connected by then. */
  #process(topic: string, payload: Request, fault: MessageFault | undefined, power?: Power): void {
    const { clientToken } = payload;
    const echoed = clientToken === undefined || this.dropTokens ? {} : { clientToken };
    const [kind, answer] =
      typeof fault === "object"
        ? ["rejected", { ...fault, message: "as the test asked" }]
        : this.#answer(topic, payload);
    if (fault === "disconnect") this.dropLink();
    if (fault === "loseAnswer" || fault === "disconnect" || power?.isOff === true) return;
    const send = () => this.send(`${topic}/${kind}`, { ...answer, ...echoed, timestamp: 1_700_000_000 });
    if (fault === "delayAnswer") this.later(send);
    else send();
    if (fault === "double") send();
  }

  #answer(topic: string, payload: Request): [kind: "accepted" | "rejected", answer: object] {
    const shadowName = /\/shadow\/name\/([^/]+)\/update$/.exec(topic)?.[1];
    if (shadowName !== undefined) return ["accepted", this.#updateShadow(shadowName, payload)];
    const path = topic.split("/jobs/")[1] ?? "";
    if (path === "get") return ["accepted", this.#pending()];
    const [jobId, operation] = path.split("/");
    const execution = this.executions.filter((other) => other.jobId === jobId).at(-1);
    if (execution === undefined)
      return ["rejected", { code: "ResourceNotFound", message: `no job ${jobId}` }];
    return operation === "get" ? this.#described(execution) : this.#updated(execution, payload);
  }

  /** Merges the reported state; null removes a key, as in the shadow service. */
  #updateShadow(name: string, { state }: Request): object {
    const merged = { ...this.shadows.get(name), ...state?.reported };
    const reported = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    this.shadows.set(name, reported);
    return { state };
  }

  #pending(): object {
    const { IN_PROGRESS, QUEUED } = this.#shown();
    return { inProgressJobs: IN_PROGRESS, queuedJobs: QUEUED };
  }

  /** Lists at most 10 executions, those in progress first (AWS IoT Developer Guide, "Jobs notifications"). */
  #shown() {
    const inStatus = (status: JobExecutionStatus) =>
      this.executions.filter((execution) => execution.status === status).map(summary);
    const inProgress = inStatus("IN_PROGRESS").slice(0, PENDING_EXECUTIONS_SHOWN_MAX);
    const left = PENDING_EXECUTIONS_SHOWN_MAX - inProgress.length;
    return { IN_PROGRESS: inProgress, QUEUED: inStatus("QUEUED").slice(0, left) };
  }

  #described(execution: FakeExecution): [kind: "accepted" | "rejected", answer: object] {
    if (isTerminal(execution.status))
      return ["rejected", { code: "TerminalStateReached", message: "it has ended" }];
    const { status, statusDetails, document } = execution;
    const jobDocument = this.fillIn(document);
    return ["accepted", { execution: { ...summary(execution), status, statusDetails, jobDocument } }];
  }

  #updated(execution: FakeExecution, payload: Request): [kind: "accepted" | "rejected", answer: object] {
    const { status, statusDetails, expectedVersion, executionNumber } = payload;
    const state = () => ({ status: execution.status, versionNumber: execution.versionNumber });
    if (executionNumber !== undefined && executionNumber !== execution.executionNumber) {
      return ["rejected", { code: "ResourceNotFound", message: "no such execution" }];
    }
    if (isTerminal(execution.status)) {
      const message = `it is ${execution.status}`;
      return ["rejected", { code: "InvalidStateTransition", message, executionState: state() }];
    }
    if (expectedVersion !== undefined && expectedVersion !== execution.versionNumber) {
      const message = `Expected version ${expectedVersion} but found version ${execution.versionNumber}`;
      return ["rejected", { code: "VersionMismatch", message, executionState: state() }];
    }
    if (status === undefined) return ["rejected", { code: "InvalidRequest", message: "status is missing" }];
    execution.status = status;
    execution.statusDetails = statusDetails ?? execution.statusDetails;
    execution.versionNumber += 1;
    this.accepted.push(status);
    if (isTerminal(status)) this.#notify();
    return ["accepted", payload.includeJobExecutionState === true ? { executionState: state() } : {}];
  }

  #notify(): void {
    this.send(`$aws/things/${this.thingName}/jobs/notify`, {
      timestamp: 1_700_000_000,
      jobs: this.#shown(),
    });
  }
}

interface Handlers {
  onMessage: (payload: string) => void;
  onReconnect: (() => void) | undefined;
}

class FakeLink {
  connected = true;
  readonly handlers = new Map<string, Handlers>();

  deliver(topic: string, payload: string): void {
    if (this.connected) this.handlers.get(topic)?.onMessage(payload);
  }

  drop(): void {
    for (const { onReconnect } of this.handlers.values()) onReconnect?.();
  }
}

function summary({ jobId, executionNumber, versionNumber, queuedAt }: FakeExecution) {
  return { jobId, executionNumber, versionNumber, queuedAt, lastUpdatedAt: queuedAt };
}
