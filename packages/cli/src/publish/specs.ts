import { type ImageSpec, imageSpecOf } from "../image/image-spec.js";
import { type JobSources, type JobSpec, jobSpecOf } from "../job/job-spec.js";
import { packageVersionOf } from "../job/package-name.js";
import { parseTargets } from "../job/targets.js";
import type { PublishRequest } from "./request.js";

/** Holds the job and the images that a publish was asked for. */
export interface PublishSpecs {
  spec: JobSpec;
  imageSpec: ImageSpec;
}

/**
 * Resolves a request, whose target files were read already, without any request or file access.
 * @throws {FotaError} the codes of wrong usage
 */
export function specsOf(request: PublishRequest, sources: JobSources): PublishSpecs {
  const imageSpec = imageSpecOf(request, sources);
  const targets = parseTargets(request.to, Number.POSITIVE_INFINITY);
  const spec = jobSpecOf(request, targets, sources);
  packageVersionOf(spec); // throws before any request if the version is missing
  return { spec, imageSpec };
}
