import type { Hint, JobDocument } from "@fota/shared";
import type { Firmware } from "../aws/image-mark.js";
import type { ImageObject } from "../aws/image-object.js";
import type { ImageFile } from "../image/image-file.js";
import type { JobSpec } from "../job/job-spec.js";
import type { Reach } from "../job/reach.js";
import type { Signer } from "../signing/signer.js";
import type { ExistingJob } from "./existing.js";
import type { GroupPlan } from "./group.js";
import type { PackagePlan } from "./package.js";
import type { PatchPlan } from "./patches.js";
import type { QueryGroup } from "./query-group.js";
import type { RolloutTime } from "./rollout-time.js";
import type { Warning } from "./warnings.js";

/** Holds everything that a publish will do, checked before anything is changed. */
export interface Plan {
  spec: JobSpec;
  /** Lists the images; the first fills the legacy keys. */
  images: readonly [PlannedImage, ...PlannedImage[]];
  patches: PatchPlan;
  jobId: string;
  targetArns: string[];
  group: GroupPlan | undefined;
  /** The dynamic groups of `query:` targets. */
  queryGroups: readonly QueryGroup[];
  reach: Reach;
  rolloutTime: RolloutTime;
  /** The lifetime of a URL, from when it is presigned. */
  expiresInSeconds: number;
  /** The time when the credentials expire, and with them each URL that they presigned. */
  credentialsExpireAt: Date | undefined;
  /** The role that AWS IoT presigns as; `undefined` when the cli presigns. */
  roleArn: string | undefined;
  region: string;
  /** The document to create; the cli's own URLs are presigned again after the upload, and `signPlan` signs it. */
  document: JobDocument;
  /** The keys that sign the document. */
  signers: readonly Signer[];
  /** The same job, if it exists already: then there is nothing left to do. */
  existing: ExistingJob | undefined;
  packages: PackagePlan;
  warnings: Warning[];
  /** Says why the job will probably fail; one of the warnings has the text. */
  doubt?: Doubt;
}

/** Holds the question to ask before a job that will probably fail, and a hint for a better command. */
export interface Doubt {
  question: string;
  hint: Hint | undefined;
}

/** Holds an image of the job. If S3 has it already (`isThere`), its facts are enough. */
export type PlannedImage = {
  slot: number;
  object: ImageObject;
  /** What the same bytes were uploaded as before, as far as that is known. */
  uploadedAs?: readonly Firmware[];
} & ({ image: ImageFile; isThere: boolean } | { image: ImageFacts; isThere: true });

/** Holds the facts that are needed of an image that is not uploaded. */
type ImageFacts = Pick<ImageFile, "name" | "sizeBytes" | "md5" | "sha256">;
