import type { Engine } from "../engine/engine.js";
import { AwsError } from "../errors.js";
import type { Service } from "../http/service.js";
import { executionPayload, executionState, pendingSummaries } from "../jobs/payloads.js";
import { THING_NAME } from "../registry/fields.js";
import { existingThing } from "../registry/things.js";
import { restService } from "../rest/answer.js";
import type { Authenticate } from "../rest/authenticate.js";
import { queryMembers, requiredString } from "../rest/fields.js";
import { type RestRequest, route } from "../rest/router.js";
import * as device from "./device-requests.js";

export interface JobsDataServiceOptions {
  engine: Engine;
  authenticate: Authenticate;
  /** Throws an AwsError if the policies of the certificate do not allow the action on the thing. */
  authorize: (requester: { certificateId: string }, action: string, thingName: string) => void;
}

/**
 * Creates the service `iot-jobs-data`: the requests of devices over HTTP. Documents are strings, times whole seconds.
 */
export function jobsDataService({ engine, authenticate, authorize }: JobsDataServiceOptions): Service {
  const routes = [
    route("GET /things/{thingName}/jobs", getPending),
    route("PUT /things/{thingName}/jobs/$next", startNext),
    route("GET /things/{thingName}/jobs/{jobId}", describe),
    route("POST /things/{thingName}/jobs/{jobId}", update),
  ];
  return restService(routes, { authenticate, translate: dataPlaneError });

  function getPending(request: RestRequest) {
    return pendingSummaries(engine.world, readAuthorizedThing(request, "GetPendingJobExecutions"));
  }

  async function startNext(request: RestRequest) {
    const { body } = request;
    const thingName = readAuthorizedThing(request, "StartNextPendingJobExecution");
    return executionMember(thingName, await device.startNext(engine, thingName, body));
  }

  function describe(request: RestRequest) {
    const { params, query } = request;
    const thingName = readAuthorizedThing(request, "DescribeJobExecution");
    const found = device.describe(engine, thingName, params["jobId"] ?? "", queryMembers(query));
    return executionMember(thingName, found);
  }

  async function update(request: RestRequest) {
    const { params, body } = request;
    const thingName = readAuthorizedThing(request, "UpdateJobExecution");
    const updated = await device.update(engine, thingName, params["jobId"] ?? "", body);
    return {
      executionState: updated.includeJobExecutionState ? executionState(updated.execution) : undefined,
      jobDocument: updated.document,
    };
  }

  function executionMember(thingName: string, found: device.ExecutionAnswer | undefined) {
    if (found === undefined) return {};
    const { execution, document } = found;
    return { execution: { thingName, ...executionPayload(execution, engine.nowMs(), document) } };
  }

  /** Returns the thing, if the requester may perform the action on it. Unlike over MQTT, the thing must exist. */
  function readAuthorizedThing({ params, certificateId }: RestRequest, action: string): string {
    const thingName = requiredString(params, "thingName", THING_NAME);
    if (certificateId !== undefined)
      authorize({ certificateId }, `iotjobsdata:${action}`, `thing/${thingName}`);
    return existingThing(engine.world, thingName).thingName;
  }
}

/** Replaces VersionConflictException, which the API model of iot-jobs-data lacks, with the nearest error. */
function dataPlaneError(error: AwsError): AwsError {
  if (error.code !== "VersionConflictException") return error;
  return new AwsError("InvalidStateTransitionException", 409, error.message, error.extra);
}
