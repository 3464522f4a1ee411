import {
  type JobsRequest,
  matchJobsTopic,
  messageOf,
  type RejectedCode,
  type RejectedResponse,
} from "@fota/shared";
import type { Engine } from "../engine/engine.js";
import { AwsError } from "../errors.js";
import { findExecution } from "../jobs/executions.js";
import { executionPayload, executionState, pendingSummaries, wholeSeconds } from "../jobs/payloads.js";
import type { Members } from "../rest/fields.js";
import * as device from "./device-requests.js";

/** The answer to a request, for the client that sent it only. */
export interface JobsAnswer {
  topic: string;
  /** JSON text. */
  payload: string;
}

/**
 * Answers a publish on a reserved Jobs topic, on `accepted` or `rejected`. Resolves to `undefined` if the topic is not in
 * the Jobs namespace of a thing. Never rejects.
 */
export async function answerJobsPublish(
  engine: Engine,
  topic: string,
  payload: Uint8Array,
): Promise<JobsAnswer | undefined> {
  const match = matchJobsTopic(topic);
  if (match === undefined) return undefined;
  const { thingName, request } = match;
  const members = parsePayload(payload);
  const token = members?.["clientToken"];
  const common = {
    timestamp: wholeSeconds(engine.nowMs()),
    ...(typeof token === "string" && { clientToken: token }),
  };
  try {
    if (request === undefined)
      throw new JobsRefusal("InvalidTopic", `${topic} is not a topic for Jobs requests`);
    if (members === undefined)
      throw new JobsRefusal("InvalidJson", "The payload is not a JSON object in UTF-8");
    const answer = await runRequest(engine, thingName, request, members);
    return { topic: `${topic}/accepted`, payload: JSON.stringify({ ...common, ...answer }) };
  } catch (error) {
    const rejected = { ...rejection(engine, thingName, request, error), ...common };
    return { topic: `${topic}/rejected`, payload: JSON.stringify(rejected) };
  }
}

async function runRequest(engine: Engine, thingName: string, request: JobsRequest, members: Members) {
  switch (request.operation) {
    case "getPending":
      return pendingSummaries(engine.world, thingName);
    case "startNext":
      return executionMember(engine, await device.startNext(engine, thingName, members));
    case "describe":
      return executionMember(engine, device.describe(engine, thingName, request.jobId, members));
    case "update": {
      const updated = await device.update(engine, thingName, request.jobId, members);
      return {
        ...(updated.includeJobExecutionState && { executionState: executionState(updated.execution) }),
        ...(updated.document !== undefined && { jobDocument: JSON.parse(updated.document) }),
      };
    }
  }
}

/** Returns the member `execution`, or nothing if nothing is pending. */
function executionMember(engine: Engine, found: device.ExecutionAnswer | undefined) {
  if (found === undefined) return {};
  const document: unknown = found.document === undefined ? undefined : JSON.parse(found.document);
  return { execution: executionPayload(found.execution, engine.nowMs(), document) };
}

/** A refusal that exists only over MQTT. */
class JobsRefusal extends Error {
  readonly code: RejectedCode;

  constructor(code: RejectedCode, message: string) {
    super(message);
    this.code = code;
  }
}

const CODES: Readonly<Record<string, RejectedCode>> = {
  InvalidRequestException: "InvalidRequest",
  ResourceNotFoundException: "ResourceNotFound",
  InvalidStateTransitionException: "InvalidStateTransition",
  VersionConflictException: "VersionMismatch",
  TerminalStateException: "TerminalStateReached",
};

function rejection(
  engine: Engine,
  thingName: string,
  request: JobsRequest | undefined,
  error: unknown,
): Omit<RejectedResponse, "timestamp"> {
  const message = messageOf(error);
  if (error instanceof JobsRefusal) return { code: error.code, message };
  const code = (error instanceof AwsError && CODES[error.code]) || "InternalError";
  if (request?.operation !== "update" || (code !== "VersionMismatch" && code !== "InvalidStateTransition")) {
    return { code, message };
  }
  const execution = findExecution(engine.world, { jobId: request.jobId, thingName });
  return { code, message, ...(execution && { executionState: executionState(execution) }) };
}

/** Parses a payload; an empty one counts as `{}`. Returns `undefined` if it is not a JSON object. */
function parsePayload(payload: Uint8Array): Members | undefined {
  if (payload.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Members)
      : undefined;
  } catch {
    return undefined;
  }
}
