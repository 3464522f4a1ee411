import { PENDING_EXECUTIONS_SHOWN_MAX } from "@fota/shared";
import type { ExecutionOfThing } from "../aws/executions.js";
import type { CertificateFacts } from "./facts.js";
import type { Finding, ThingRule } from "./finding.js";

/** Limits how many of the jobs ahead are shown. */
const SHOWN_MAX = 5;

/** The rules of this file explain why a device has not started an execution that is QUEUED. */
export const queuedBehind: ThingRule = ({ job }, { thing, ahead = [], execution }, say) => {
  const { time, fota } = say;
  const [first] = ahead;
  if (execution?.status !== "QUEUED" || first === undefined) return undefined;
  const { jobId, status, lastUpdatedAt, startedAt, queuedAt } = first;
  const since = status === "IN_PROGRESS" ? startedAt : queuedAt;
  const state = status === "IN_PROGRESS" ? "in progress" : "queued";
  const rest = ahead.length > 1 ? ` and ${ahead.length - 1} more` : "";
  const hidden = ahead.length - PENDING_EXECUTIONS_SHOWN_MAX + 1;
  const means =
    hidden > 0
      ? `AWS IoT lists only the first ${PENDING_EXECUTIONS_SHOWN_MAX} to the device, which sees this one when ${hidden} of them ${hidden === 1 ? "has" : "have"} ended`
      : "AWS IoT lists them first, and this one after them";
  return {
    cause: "queued-behind",
    sentence: `${thing} has job ${jobId}${rest} ahead of job ${job.jobId}, ${state}${since === undefined ? "" : ` ${say.since(since)}`}: ${means}`,
    evidence: [
      ["ahead of it", queueOf(ahead)],
      ...(lastUpdatedAt === undefined ? [] : [["its last report", time(lastUpdatedAt)] as const]),
    ],
    next: [
      { command: fota("why", jobId, "--thing", thing), why: "explains what delays that job" },
      {
        command: fota("cancel", jobId, "--thing", thing, ...(status === "IN_PROGRESS" ? ["--force"] : [])),
        why: "removes that job from the queue, if it is no longer needed",
      },
    ],
  };
};

export const noCertificate: ThingRule = (_facts, { thing, certificates, execution }, { aws }) => {
  if (execution?.status !== "QUEUED" || certificates?.length !== 0) return undefined;
  return {
    cause: "no-certificate",
    sentence: `${thing} has no certificate: no device can connect as it and take the job`,
    next: [
      { command: aws("iot", "list-certificates"), why: "lists those that exist" },
      { command: null, why: "`aws iot attach-thing-principal` attaches the one that the device has" },
    ],
  };
};

export const certificateInactive: ThingRule = (_facts, { thing, certificates = [], execution }, { aws }) => {
  const [first] = certificates;
  if (execution?.status !== "QUEUED" || first === undefined) return undefined;
  if (usableOf(certificates).length > 0) return undefined;
  const { certificateId, status } = first;
  return {
    cause: "certificate-inactive",
    sentence: `the certificate of ${thing} is ${status}: AWS IoT does not let its device connect`,
    evidence: certificates.map((each) => ["certificate", `${each.certificateId} ${each.status}`] as const),
    next: [
      {
        command: aws(
          "iot",
          "update-certificate",
          "--certificate-id",
          certificateId,
          "--new-status",
          "ACTIVE",
        ),
        why: status === "REVOKED" ? "only if it was revoked by mistake" : "lets the device connect again",
      },
    ],
  };
};

export const noPolicy: ThingRule = (_facts, { thing, certificates = [], execution }, { aws }) => {
  const usable = usableOf(certificates);
  const [first] = usable;
  if (execution?.status !== "QUEUED" || first === undefined) return undefined;
  if (!usable.every(({ policies }) => policies?.length === 0)) return undefined;
  return {
    cause: "no-policy",
    sentence: `the certificate of ${thing} has no policy: AWS IoT lets its device do nothing`,
    evidence: [["certificate", `${first.certificateId} ${first.status}, no policy`]],
    next: [
      { command: aws("iot", "list-policies"), why: "lists those that exist" },
      {
        command: null,
        why: "`aws iot attach-policy` attaches one; docs/device-guide.md has a policy to copy",
      },
    ],
  };
};

export const policyLacksJobs: ThingRule = (_facts, { thing, certificates = [], execution }, { aws }) => {
  const usable = usableOf(certificates);
  const able = usable.filter(({ missing, policies }) => missing.length === 0 || policies === undefined);
  const [first] = usable.filter(({ missing, policies = [] }) => missing.length > 0 && policies.length > 0);
  if (execution?.status !== "QUEUED" || first === undefined || able.length > 0) return undefined;
  return {
    cause: "policy-lacks-jobs",
    sentence: `the policy of ${thing} does not let its device take a job: it lacks ${first.missing.join("; ")}`,
    evidence: [
      ["certificate", first.certificateId],
      ["policies", first.policies?.join(", ") ?? ""],
    ],
    next: [
      {
        command: aws("iot", "get-policy", "--policy-name", first.policies?.[0] ?? "<policy>"),
        why: "shows it; docs/device-guide.md has a complete one to copy",
      },
    ],
  };
};

export const thingOffline: ThingRule = ({ job }, about, say) => {
  const { thing, connectivity, execution } = about;
  const pending = execution?.status === "QUEUED" || execution?.status === "IN_PROGRESS";
  if (!pending || connectivity === undefined || connectivity.connected) return undefined;
  const { since, disconnectReason } = connectivity;
  const never = since === undefined;
  const left = disconnectReason === undefined ? "" : ` (${disconnectReason})`;
  return {
    cause: "thing-offline",
    sentence: never
      ? `${thing} has never connected, as far as AWS IoT knows, so it has not received job ${job.jobId}`
      : `${thing} has been offline ${say.since(since)}${left}`,
    evidence: [["connected", never ? "never, as far as AWS IoT knows" : `no, ${say.since(since)}${left}`]],
    next: [
      {
        command: null,
        why: `bring the device online: it then starts the job${hintOf(disconnectReason)}`,
      },
      { command: say.fota("status", job.jobId, "--thing", thing, "--watch"), why: "shows it live" },
    ],
  };
};

/** Applies when no known fact prevents the start. */
export const waiting: ThingRule = ({ job }, { thing, connectivity, execution }, say) => {
  if (execution?.status !== "QUEUED") return undefined;
  const since = execution.queuedAt === undefined ? "" : ` ${say.since(execution.queuedAt)}`;
  const online = connectivity?.connected === true;
  const finding: Finding = {
    cause: "waiting",
    sentence: online
      ? `${thing} is connected and has not taken job ${job.jobId}, which waits${since}: its firmware does not ask for jobs, or has deferred it`
      : `${thing} has not taken job ${job.jobId}, which waits${since}; AWS IoT does not know whether it is online`,
    next: [
      online
        ? {
            command: null,
            why: "check the device's log: does it subscribe to its jobs, does a hook defer it?",
          }
        : {
            command: say.fota("status", job.jobId, "--thing", thing, "--watch"),
            why: "shows it live",
          },
    ],
  };
  if (connectivity !== undefined) return finding;
  const command = `iot update-indexing-configuration --thing-indexing-configuration thingIndexingMode=REGISTRY,thingConnectivityIndexingMode=STATUS`;
  return {
    ...finding,
    next: [
      ...finding.next,
      {
        command: null,
        why: `\`aws ${command}\` makes AWS IoT record which things are online (AWS charges for it)`,
      },
    ],
  };
};

function queueOf(ahead: readonly ExecutionOfThing[]): string {
  const shown = ahead.slice(0, SHOWN_MAX).map(({ jobId, status }) => `${jobId} ${status}`);
  return [...shown, ...(ahead.length > SHOWN_MAX ? [`${ahead.length - SHOWN_MAX} more`] : [])].join(", ");
}

/** Returns the certificates that AWS IoT accepts. */
function usableOf(certificates: readonly CertificateFacts[]): CertificateFacts[] {
  return certificates.filter(({ status }) => status === "ACTIVE" || status === "UNKNOWN");
}

function hintOf(reason: string | undefined): string {
  if (reason === "DUPLICATE_CLIENTID")
    return "; another client connects with its name, so give one of them another client id";
  if (reason === "AUTH_ERROR" || reason === "FORBIDDEN_ACCESS")
    return "; AWS IoT refused its request, so check its policy";
  return "";
}
