import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import type { ServiceName } from "../http/routing.js";
import type { Service } from "../http/service.js";
import { sendError } from "../rest/answer.js";
import { rawPathOf } from "../sigv4/sigv4.js";

/** A service of AWS IoT that fails as faults have it. */
export function withErrorFaults(name: ServiceName, faults: FaultSource, service: Service): Service {
  return async (request, response, context) => {
    const path = rawPathOf(request.url ?? "/");
    const triggered = faults.trigger(
      ["answerError"],
      (fault) =>
        fault.service === name &&
        (fault.method ?? request.method) === request.method &&
        (fault.path ?? path) === path,
    );
    if (triggered === undefined) return service(request, response, context);
    request.resume();
    sendError(response, faultError(triggered.fault.status), context);
  };
}

/** Sources: API models of iot and iot-jobs-data; 403 is the front door's of all services. */
function faultError(status: 403 | 500 | 503): AwsError {
  switch (status) {
    case 403:
      return new AwsError("AccessDeniedException", 403, "You are not authorized to perform this operation.");
    case 500:
      return new AwsError("InternalFailureException", 500, "An unexpected error has occurred.");
    case 503:
      return new AwsError("ServiceUnavailableException", 503, "The service is temporarily unavailable.");
  }
}
