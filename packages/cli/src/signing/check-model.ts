import { FotaError, type JobDocument } from "@fota/shared";

/** Throws for a document that devices of every model would accept. @throws {FotaError} DOCUMENT_INVALID */
export function checkModelNamed({ bc_model }: Pick<JobDocument, "bc_model">): void {
  if (bc_model !== undefined) return;
  throw new FotaError(
    "DOCUMENT_INVALID",
    "the job document names no model: its signature would hold for every product",
    {
      hint: "publish with --model, or add --any-model if all devices that trust the key can run the image",
    },
  );
}
