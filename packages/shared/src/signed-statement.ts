import { FotaError } from "./errors.js";
import { imagesOf, type JobDocument } from "./job-document.js";

/**
 * The text that each signature of `bc_sig` is made over, in UTF-8: all that a device acts on but the URL, which may be
 * presigned again. One line for each fact, each ended by a line feed; keys that the document does not have have no
 * line; images by slot. The form never changes: another one would have another first line.
 *
 * @throws {FotaError} DOCUMENT_INVALID when an image has no SHA-256: a signature over MD5 alone is worth little
 */
export function signedStatement(document: JobDocument): string {
  const { bc_model, bc_version, bc_min, bc_exp } = document;
  const images = imagesOf(document).sort((a, b) => a.bc_idx - b.bc_idx);
  const lines = images.map(({ bc_idx, bc_size, bc_crc, bc_sha256 }) => {
    if (bc_sha256 !== undefined) return `image ${bc_idx} ${bc_size} ${bc_crc} ${bc_sha256}`;
    throw new FotaError("DOCUMENT_INVALID", `the image for slot ${bc_idx} has no bc_sha256 to sign`);
  });
  const facts = { model: bc_model, version: bc_version, min: bc_min, expires: bc_exp };
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) lines.push(`${name} ${value}`);
  }
  return ["fota order 1", ...lines].map((line) => `${line}\n`).join("");
}
