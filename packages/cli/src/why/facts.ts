import type { UpdateReport } from "@fota/shared";
import type { Connectivity } from "../aws/connectivity.js";
import type { ExecutionDescription, ExecutionOfThing } from "../aws/executions.js";
import type { JobDescription } from "../aws/jobs.js";
import type { DecodedDocument } from "../job/read-job.js";
import type { CheckedObject } from "../job/stored-image.js";
import type { AbortRule, FailureCause } from "../status/result.js";
import type { Unreached } from "../status/unreached.js";

/**
 * Holds everything known about why a job has its state. A value that could not be read is `undefined` and listed in
 * `unknown`.
 */
export interface Facts {
  job: JobDescription;
  decoded: DecodedDocument;
  /** The queries of the groups that fota made for `--to query:`, by ARN. */
  queries: Readonly<Record<string, string>>;
  /** When the first of the presigned URLs expires; `undefined` where AWS IoT presigns on each request. */
  urlEnd: Date | undefined;
  /**
   * How many seconds the clock that presigned was ahead of AWS IoT's, negative if behind; `undefined`: too little to
   * report.
   */
  signedAhead: number | undefined;
  /** The first object that does not match the job document, else the first object. */
  image: CheckedObject | undefined;
  /** Says why AWS IoT cannot presign; `undefined`: no fault is known. */
  roleFault: string | undefined;
  abort: AbortRule[];
  /** The things that a canceled job had not reached; `undefined` if that was not read. */
  unreached: Unreached | undefined;
  /** Lists the causes of a whole job, the most frequent first. */
  failures: FailureCause[];
  /** The thing that failed, if the question is about a whole job and only one thing failed. */
  failedThing: ThingFacts | undefined;
  /** Things in progress that reported a detail, such as why their update is deferred; empty for a question about one. */
  detailed: ThingDetail[];
  /** The thing in question; for a whole job, one of the waiting things. */
  thing: ThingFacts | undefined;
  /** Lists as text what could not be read, and the permission that it needs. */
  unknown: string[];
}

/** What a thing in progress reported in words. */
export interface ThingDetail {
  thing: string;
  detail: string;
}

export interface ThingFacts {
  thing: string;
  /** `false` when AWS IoT does not know the thing. */
  exists: boolean | undefined;
  execution: ExecutionDescription | undefined;
  /** The thing's last report. */
  report: UpdateReport;
  /** Counts the attempts of the job on the thing, including this one; `undefined`: not known. */
  tries: number | undefined;
  /** The previous attempt. */
  before: { status: string; report: UpdateReport } | undefined;
  /** Lists the thing's executions of other jobs that run before this one, the next one first. */
  ahead: ExecutionOfThing[] | undefined;
  /** Lists the ARNs of its groups and of the groups above them. */
  groups: string[] | undefined;
  certificates: CertificateFacts[] | undefined;
  /** `undefined` when AWS does not say. */
  connectivity: Connectivity | undefined;
}

export interface CertificateFacts {
  certificateId: string;
  status: string;
  /** Lists the names of its policies; `undefined`: they were not read. */
  policies: string[] | undefined;
  /** Lists the permissions that a device needs and lacks. */
  missing: string[];
}

/** Returns whether the thing itself is a target, not only a group that it is in. */
export function isNamed({ job }: Pick<Facts, "job">, thing: string): boolean {
  return job.targetArns.some((arn) => arn.endsWith(`:thing/${thing}`));
}

/** Returns whether the thing, or a group that it is in, is a target; `undefined`: its groups are not known. */
export function isTarget(facts: Pick<Facts, "job">, { thing, groups }: ThingFacts): boolean | undefined {
  if (isNamed(facts, thing)) return true;
  return groups === undefined ? undefined : facts.job.targetArns.some((arn) => groups.includes(arn));
}
