import { FotaError, imagesOf, isFotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { Host } from "../host.js";
import { readImageFile } from "../image/image-file.js";
import { imageArguments } from "../image/image-spec.js";
import { readJobWithDocument } from "../job/read-job.js";
import type { RolloutPlan } from "./plan-file.js";
import type { StageState } from "./stages.js";

/**
 * Refuses to continue a rollout whose image file is another one now: the next stages get the image of the first one. A
 * file that is not on this machine is not needed.
 * @throws {FotaError} ROLLOUT_CHANGED
 */
export async function checkImage(
  cloud: Cloud,
  plan: RolloutPlan,
  states: readonly StageState[],
  { signal }: Pick<Host, "signal">,
): Promise<void> {
  const jobId = states.find(({ started }) => started !== undefined)?.stage.jobId;
  if (plan.source.kind !== "publish" || jobId === undefined) return;
  const { decoded } = await readJobWithDocument(cloud.iot, jobId);
  if (decoded.kind !== "order") return; // promoting it says why
  const digests = new Set(imagesOf(decoded.document).map(({ bc_sha256 }) => bc_sha256));
  for (const image of imageArguments(plan.source.request.images)) {
    const file = await readImageFile(image, {
      cwd: plan.folder,
      signal,
      inParts: false,
      onBytes: () => {},
    }).catch((error: unknown) => {
      if (isFotaError(error, "IMAGE_NOT_FOUND")) return undefined;
      throw error;
    });
    if (file === undefined || digests.has(file.sha256)) continue;
    throw new FotaError(
      "ROLLOUT_CHANGED",
      `${image.path} is not the image of rollout ${plan.name}, which has started`,
      {
        hint: "give the plan another name to roll out this image; to continue the rollout with its own image, restore the file or move it away",
      },
    );
  }
}
