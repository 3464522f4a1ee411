import type { Engine } from "../engine.js";
import { AwsError } from "../errors.js";
import type { Service } from "../http/service.js";
import * as device from "../jobs/device-requests.js";
import type { ExecutionWithDocument } from "../jobs/executions.js";
import { executionPayload, executionState, pendingSummaries } from "../jobs/payloads.js";
import { THING_NAME } from "../registry/rules.js";
import { existingThing } from "../registry/things.js";
import { restService } from "./answer.js";
import type { Authenticate } from "./authenticate.js";
import { queryMembers, requiredText } from "./fields.js";
import { type RestRequest, route } from "./router.js";

/** `iot-jobs-data`: what devices ask over MQTT, over HTTP. Documents are strings here, and times whole seconds. */
export function jobsDataService(engine: Engine, authenticate?: Authenticate): Service {
  const routes = [
    route("GET /things/{thingName}/jobs", getPending),
    route("PUT /things/{thingName}/jobs/$next", startNext),
    route("GET /things/{thingName}/jobs/{jobId}", describe),
    route("POST /things/{thingName}/jobs/{jobId}", update),
  ];
  return restService(routes, { authenticate, translate: dataPlaneError });

  function getPending({ params }: RestRequest) {
    return pendingSummaries(engine.world, thingNameOf(params));
  }

  async function startNext({ params, body }: RestRequest) {
    const thingName = thingNameOf(params);
    return executionMember(thingName, await device.startNext(engine, thingName, body), true);
  }

  function describe({ params, query }: RestRequest) {
    const thingName = thingNameOf(params);
    const { found, includeJobDocument } = device.describe(
      engine,
      thingName,
      params["jobId"] ?? "",
      queryMembers(query),
    );
    return executionMember(thingName, found, includeJobDocument);
  }

  async function update({ params, body }: RestRequest) {
    const updated = await device.update(engine, thingNameOf(params), params["jobId"] ?? "", body);
    return {
      executionState: updated.includeJobExecutionState ? executionState(updated.execution) : undefined,
      jobDocument: updated.includeJobDocument ? updated.document : undefined,
    };
  }

  function executionMember(
    thingName: string,
    found: ExecutionWithDocument | undefined,
    withDocument: boolean,
  ) {
    if (found === undefined) return {};
    const document = withDocument ? found.document : undefined;
    return { execution: { thingName, ...executionPayload(found.execution, engine.nowMs(), document) } };
  }

  /** Here, unlike over MQTT, a thing that is not registered is an error. */
  function thingNameOf(params: Readonly<Record<string, string>>): string {
    return existingThing(engine.world, requiredText(params, "thingName", THING_NAME)).thingName;
  }
}

/** The API model of iot-jobs-data has no VersionConflictException; a version that is not current comes as its nearest. */
function dataPlaneError(error: AwsError): AwsError {
  if (error.code !== "VersionConflictException") return error;
  return new AwsError("InvalidStateTransitionException", 409, error.message, error.extra);
}
