import { type ImageSpec, imageSpecOf } from "../image/image-spec.js";
import { type JobSources, type JobSpec, jobSpecOf } from "../job/job-spec.js";
import { parseTargets } from "../job/targets.js";
import type { PublishRequest } from "./request.js";

/** What a publish was asked to do: the job, and the images that it is about. */
export interface PublishSpecs {
  spec: JobSpec;
  imageSpec: ImageSpec;
}

/**
 * Resolves a request, whose target files are read already, without looking at anything else.
 * @throws {FotaError} the codes of wrong usage
 */
export function specsOf(request: PublishRequest, sources: JobSources): PublishSpecs {
  const imageSpec = imageSpecOf(request, sources);
  const targets = parseTargets(request.to, Number.POSITIVE_INFINITY);
  return { spec: jobSpecOf(request, targets, sources), imageSpec };
}
