import { FotaError } from "./errors.js";
import { imagesOf, type JobDocument } from "./job-document.js";

/**
 * Returns the text that the signatures in `bc_sig` sign, in UTF-8: all that a device acts on except the URL, which may
 * be presigned again. It has one line for each fact, each ending with a line feed, and no line for a missing key.
 * Images are sorted by slot. This format never changes: a new one would have another first line.
 *
 * @throws {FotaError} DOCUMENT_INVALID if an image has no SHA-256, because MD5 alone is not secure
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
