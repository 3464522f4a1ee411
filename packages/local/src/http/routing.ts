import type { IncomingMessage } from "node:http";
import { credentialScopeOf, rawPathOf } from "../sigv4/sigv4.js";

/** A service behind the one endpoint, by its signing name. */
export type ServiceName = "iot" | "iot-jobs-data" | "s3" | "sts";

/** By the name in a signature. SDKs of up to 2023 sign for `iot` under the name of the front door that it is behind. */
const SIGNING_NAMES: ReadonlyMap<string, ServiceName> = new Map([
  ["iot", "iot"],
  ["execute-api", "iot"],
  ["iot-jobs-data", "iot-jobs-data"],
  ["s3", "s3"],
  ["sts", "sts"],
]);

/** First segments of the paths of the `iot` service, for requests that nothing else tells apart. */
const IOT_PATHS = new Set([
  "attached-policies",
  "ca-certificates",
  "certificates",
  "dynamic-thing-groups",
  "effective-policies",
  "endpoint",
  "event-configurations",
  "indexing",
  "indices",
  "job-templates",
  "jobs",
  "keys-and-certificate",
  "managed-job-templates",
  "policies",
  "policy-principals",
  "policy-targets",
  "principal-policies",
  "principals",
  "tags",
  "target-policies",
  "thing-groups",
  "thing-types",
  "things",
  "untag",
]);

/**
 * Which service a request is for: by what it was signed for, then by its host, then by its path. What nothing tells is
 * S3's, whose presigned URLs and public objects have any path. A string is the signing name of a service that the
 * stand-in does not have.
 */
export function routeOf(
  request: Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">,
  hasClientCertificate: boolean,
): { service: ServiceName } | { unknown: string } {
  const signedFor = credentialScopeOf(request)?.service;
  if (signedFor !== undefined) return serviceOf(signedFor);
  const byHost = serviceOfHost(request.headers.host ?? "");
  if (byHost !== undefined) return { service: byHost };
  const [first = "", , third] = rawPathOf(request.url ?? "/")
    .slice(1)
    .split("/");
  // ListJobExecutionsForThing and GetPendingJobExecutions share a path; only devices come with a certificate.
  if (first === "things" && third === "jobs" && hasClientCertificate) return { service: "iot-jobs-data" };
  return { service: IOT_PATHS.has(first) ? "iot" : "s3" };
}

function serviceOf(signingName: string): { service: ServiceName } | { unknown: string } {
  const service = SIGNING_NAMES.get(signingName);
  return service === undefined ? { unknown: signingName } : { service };
}

/** Host names of AWS, and `<bucket>.localhost`. */
function serviceOfHost(host: string): ServiceName | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (/(^|\.)jobs\.iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot-jobs-data";
  if (/^iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot";
  if (/^sts(\.[^.]+)?\.amazonaws\.com$/.test(name)) return "sts";
  if (/(^|\.)s3([.-][^.]+)*\.amazonaws\.com$/.test(name) || name.endsWith(".localhost")) return "s3";
  return undefined;
}
