import type { UpdateReport } from "@fota/shared";
import type { Connectivity } from "../aws/connectivity.js";
import type { ExecutionDescription, ExecutionOfThing } from "../aws/executions.js";
import type { JobDescription } from "../aws/jobs.js";
import type { DecodedDocument } from "../job/read-job.js";
import type { CheckedObject } from "../job/stored-image.js";
import type { AbortRule, FailureCause } from "../status/result.js";

/** All that is known of why a job stands where it does. What could not be read is `undefined`, and told in `unknown`. */
export interface Facts {
  job: JobDescription;
  decoded: DecodedDocument;
  /** When the first of the presigned URLs ends; `undefined` where AWS IoT presigns at each request. */
  urlEnd: Date | undefined;
  /** Seconds that whoever presigned was ahead of AWS IoT, negative behind; `undefined`: not so that it is told. */
  signedAhead: number | undefined;
  /** The object that is not as ordered if there is one, else the first. */
  image: CheckedObject | undefined;
  /** Why AWS IoT cannot presign; `undefined`: nothing is known against it. */
  roleFault: string | undefined;
  abort: AbortRule[];
  /** The most frequent first; of a job as a whole. */
  failures: FailureCause[];
  /** The thing that failed, of a job as a whole of which a single one did. */
  failedThing: ThingFacts | undefined;
  /** The thing that is asked about; of a job as a whole one of those that wait. */
  thing: ThingFacts | undefined;
  /** What could not be looked at, and what it takes, for people. */
  unknown: string[];
}

export interface ThingFacts {
  thing: string;
  /** `false`: AWS IoT does not know it. */
  exists: boolean | undefined;
  execution: ExecutionDescription | undefined;
  /** What the thing said of it last. */
  report: UpdateReport;
  /** How often the job was tried on the thing, this time too; `undefined`: not known. */
  tries: number | undefined;
  /** The try before this one. */
  before: { status: string; report: UpdateReport } | undefined;
  /** Executions of other jobs on the thing that come before this one, the first first. */
  ahead: ExecutionOfThing[] | undefined;
  /** ARNs of its groups and of those above them. */
  groups: string[] | undefined;
  certificates: CertificateFacts[] | undefined;
  /** `undefined`: AWS does not say. */
  connectivity: Connectivity | undefined;
}

export interface CertificateFacts {
  certificateId: string;
  status: string;
  /** Names of its policies; `undefined`: they were not read. */
  policies: string[] | undefined;
  /** What a device must be let do and is not. */
  missing: string[];
}

/** Whether the thing itself is a target, and not only a group that it is in. */
export function isNamed({ job }: Pick<Facts, "job">, thing: string): boolean {
  return job.targetArns.some((arn) => arn.endsWith(`:thing/${thing}`));
}

/** Whether the thing, or a group that it is in, is a target. `undefined`: its groups are not known. */
export function isTarget(facts: Pick<Facts, "job">, { thing, groups }: ThingFacts): boolean | undefined {
  if (isNamed(facts, thing)) return true;
  return groups === undefined ? undefined : facts.job.targetArns.some((arn) => groups.includes(arn));
}
