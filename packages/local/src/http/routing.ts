import type { IncomingMessage } from "node:http";
import { parseCredentialScope, rawPathOf } from "../sigv4/sigv4.js";

/** A service behind the one endpoint, by its signing name; the credential provider has none. */
export type ServiceName = "iot" | "iot-credentials" | "iot-data" | "iot-jobs-data" | "s3" | "sts";

/** By the name in a signature. SDKs until 2023 sign requests to `iot` for `execute-api`. */
const SIGNING_NAMES: ReadonlyMap<string, ServiceName> = new Map([
  ["iot", "iot"],
  ["execute-api", "iot"],
  ["iotdata", "iot-data"],
  ["iotdevicegateway", "iot-data"],
  ["iot-jobs-data", "iot-jobs-data"],
  ["s3", "s3"],
  ["sts", "sts"],
]);

/** First path segments of the `iot` service, for requests whose service neither signature nor host names. */
const IOT_PATHS = new Set([
  "attached-policies",
  "billing-groups",
  "cacertificate",
  "cacertificates",
  "certificate",
  "certificates",
  "certificates-by-ca",
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
  "package-configuration",
  "packages",
  "policies",
  "policy-principals",
  "policy-targets",
  "principal-policies",
  "principals",
  "provisioning-templates",
  "registrationcode",
  "role-aliases",
  "tags",
  "target-policies",
  "thing-groups",
  "thing-types",
  "things",
  "untag",
]);

const LIST_NAMED_SHADOWS = "/api/things/shadow/ListNamedShadowsForThing/";

/**
 * Finds the service of a request: by the name in its signature, else by its host, else by its path. All other requests
 * go to S3, because objects can have any path. `unknown` is the signing name of a service that the stand-in lacks.
 */
export function routeRequest(
  request: Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">,
  hasClientCertificate: boolean,
): { service: ServiceName } | { unknown: string } {
  const signedFor = parseCredentialScope(request)?.service;
  if (signedFor !== undefined) return serviceBySigningName(signedFor);
  const byHost = serviceByHost(request.headers.host ?? "");
  if (byHost !== undefined) return { service: byHost };
  const path = rawPathOf(request.url ?? "/");
  const [first = "", , third] = path.slice(1).split("/");
  if ((first === "things" && third === "shadow") || path.startsWith(LIST_NAMED_SHADOWS)) {
    return { service: "iot-data" };
  }
  if (/^\/role-aliases\/[^/]+\/credentials$/.test(path)) return { service: "iot-credentials" };
  // Unsigned, S3 has no POST to an object, and no bucket with a capital letter.
  if ((first === "topics" && request.method === "POST") || first === "retainedMessage") {
    return { service: "iot-data" };
  }
  // ListJobExecutionsForThing and GetPendingJobExecutions share a path; only devices have a certificate.
  if (first === "things" && third === "jobs" && hasClientCertificate) return { service: "iot-jobs-data" };
  return { service: IOT_PATHS.has(first) ? "iot" : "s3" };
}

function serviceBySigningName(signingName: string): { service: ServiceName } | { unknown: string } {
  const service = SIGNING_NAMES.get(signingName);
  return service === undefined ? { unknown: signingName } : { service };
}

/** Recognizes AWS's host names and `<bucket>.localhost`. */
function serviceByHost(host: string): ServiceName | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (/(^|\.)jobs\.iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot-jobs-data";
  if (/(^|\.)credentials\.iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot-credentials";
  if (/^iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot";
  if (/^[^.]+\.iot\.[^.]+\.amazonaws\.com$/.test(name)) return "iot-data";
  if (/^sts(\.[^.]+)?\.amazonaws\.com$/.test(name)) return "sts";
  if (/(^|\.)s3([.-][^.]+)*\.amazonaws\.com$/.test(name) || name.endsWith(".localhost")) return "s3";
  return undefined;
}
