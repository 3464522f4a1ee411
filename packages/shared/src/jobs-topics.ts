/**
 * The reserved topics of AWS IoT Jobs, `$aws/things/<thingName>/jobs/...`. Source: AWS IoT Developer Guide, "Reserved
 * topics" and "Jobs device MQTT API operations". Answers come on the request's topic with `/accepted` or `/rejected`.
 */

/** The job id that stands for the first pending execution. */
export const NEXT_JOB_ID = "$next";

/** What a request topic asks for. */
export type JobsRequest =
  | { operation: "getPending" }
  | { operation: "startNext" }
  | { operation: "describe"; jobId: string }
  | { operation: "update"; jobId: string };

export function notifyTopic(thingName: string): string {
  return `${base(thingName)}/notify`;
}

export function notifyNextTopic(thingName: string): string {
  return `${base(thingName)}/notify-next`;
}

/** The topic to publish `request` to; its answers come on that topic with `/accepted` or `/rejected` behind it. */
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
 * Reads a request topic back. `undefined`: not in the Jobs namespace of a thing; `request` undefined: in it, but no
 * request of Jobs (AWS answers such a publish with InvalidTopic).
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
