/**
 * The reserved topics of AWS IoT Jobs, `$aws/things/<thingName>/jobs/...`. Source: AWS IoT Developer Guide, "Reserved
 * topics" and "Jobs device MQTT API operations". The topic of an answer is that of the request plus `/accepted` or
 * `/rejected`.
 */

/** The job id that stands for the first pending execution. */
export const NEXT_JOB_ID = "$next";

/** A request to AWS IoT Jobs. */
export type JobsRequest =
  | { operation: "getPending" }
  | { operation: "startNext" }
  | { operation: "describe"; jobId: string }
  | { operation: "update"; jobId: string };

/** Returns the topic of notifications about a change of the pending executions. */
export function notifyTopic(thingName: string): string {
  return `${base(thingName)}/notify`;
}

/** Returns the topic of notifications about the next pending execution. */
export function notifyNextTopic(thingName: string): string {
  return `${base(thingName)}/notify-next`;
}

/** Returns the topic of a request. */
export function requestTopic(thingName: string, request: JobsRequest): string {
  switch (request.operation) {
    case "getPending":
      return `${base(thingName)}/get`;
    case "startNext":
      return `${base(thingName)}/start-next`;
    case "describe":
      return `${base(thingName)}/${request.jobId}/get`;
    case "update":
      return `${base(thingName)}/${request.jobId}/update`;
  }
}

/**
 * Parses a topic. Returns `undefined` if it is not a Jobs topic of a thing. If it is one but not a valid request,
 * `request` is `undefined`; AWS answers such a publish with InvalidTopic.
 */
export function matchJobsTopic(
  topic: string,
): { thingName: string; request: JobsRequest | undefined } | undefined {
  const [root, things, thingName, jobs, ...rest] = topic.split("/");
  if (root !== "$aws" || things !== "things" || jobs !== "jobs") return undefined;
  if (thingName === undefined || thingName === "") return undefined;
  return { thingName, request: matchRequest(rest) };
}

function matchRequest(levels: string[]): JobsRequest | undefined {
  const [first, second] = levels;
  if (levels.length === 1 && first === "get") return { operation: "getPending" };
  if (levels.length === 1 && first === "start-next") return { operation: "startNext" };
  if (levels.length !== 2 || first === undefined || first === "") return undefined;
  if (second === "get") return { operation: "describe", jobId: first };
  if (second === "update") return { operation: "update", jobId: first };
  return undefined;
}

function base(thingName: string): string {
  return `$aws/things/${thingName}/jobs`;
}
