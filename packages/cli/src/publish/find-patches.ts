import { type DocumentDelta, imagesOf, type JobDocument } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { addressOf } from "../aws/image-object.js";
import type { S3 } from "../aws/s3.js";
import { grouped } from "../grouped.js";
import { checkObject, objectOfPatch } from "../job/stored-image.js";
import type { PatchPlan, PlannedPatch } from "./patches.js";

/** Returns the patches of a document that are still in S3; a warning names each other one. Makes a request for each. */
export async function findPatches(document: JobDocument, s3: S3): Promise<PatchPlan> {
  const entries = imagesOf(document).flatMap(({ bc_idx: slot, bc_size: imageBytes, bc_delta = [] }) =>
    bc_delta.map((delta) => ({ slot, imageBytes, delta })),
  );
  const same = grouped(entries, ({ delta }) => `${delta.from_sha256} ${delta.sha256}`);
  const found = await mapAtOnce(same, REQUESTS_AT_ONCE, async (group): Promise<PlannedPatch | string> => {
    const [{ imageBytes, delta }] = group;
    const patch = await findPatch(delta, s3);
    return typeof patch === "string"
      ? `the new job does not offer the patch of ${delta.bytes} bytes: ${patch}`
      : { ...patch, slots: group.map(({ slot }) => slot), imageBytes };
  });
  return {
    content: same.map((group) => [group.map(({ slot }) => slot), group[0].delta.from_sha256 ?? null]),
    isStated: false,
    offered: found.filter((each) => typeof each !== "string"),
    tooLarge: [],
    warnings: found.filter((each) => typeof each === "string"),
  };
}

type FoundPatch = Omit<PlannedPatch & { isThere: true }, "slots" | "imageBytes">;

/** Returns the patch of an entry, or why it cannot be offered again. */
async function findPatch(delta: DocumentDelta, s3: S3): Promise<FoundPatch | string> {
  const { object, state, because } = await checkObject(objectOfPatch(delta), s3);
  if (object === undefined) return because ?? "";
  if (state === "missing") return `${addressOf(object)} no longer exists`;
  if (state === "differs") return `${addressOf(object)} is another object: ${because}`;
  if (state === "unknown") return `${addressOf(object)} cannot be read: ${because}`;
  const { bytes, sha256, from_sha256, from_size = 0 } = delta;
  const name = object.key.slice(object.key.lastIndexOf("/") + 1);
  return {
    from:
      from_sha256 === undefined
        ? undefined
        : { name: `the image ${from_sha256.slice(0, 12)}…`, sizeBytes: from_size, sha256: from_sha256 },
    bytes,
    object,
    image: { name, sizeBytes: bytes, sha256 },
    isThere: true,
  };
}
