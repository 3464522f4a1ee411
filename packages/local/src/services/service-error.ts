import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import type { ServiceName } from "../http/routing.js";
import type { Service } from "../http/service.js";
import { sendError } from "../rest/answer.js";
import { rawPathOf } from "../sigv4/sigv4.js";

const ANSWER_ERROR = ["answerError"] as const;

/** Wraps a service of AWS IoT so that `answerError` faults apply to it. */
export function withErrorFaults(name: ServiceName, faults: FaultSource, service: Service): Service {
  return (request, response, context) => {
    const triggered = faults.trigger(
      ANSWER_ERROR,
      (fault) =>
        fault.service === name &&
        (fault.method ?? request.method) === request.method &&
        (fault.path === undefined || fault.path === rawPathOf(request.url ?? "/")),
    );
    if (triggered === undefined) return service(request, response, context);
    request.resume();
    sendError(response, faultError(triggered.fault.status), context);
    return Promise.resolve();
  };
}

/** Sources: API models of iot and iot-jobs-data; all JSON services of AWS have the same 403. */
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
