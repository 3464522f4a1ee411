import { FotaError } from "./errors.js";
import { imagesOf, type JobDocument } from "./job-document.js";

/** Printable ASCII without a blank at either end: every encoder makes the same bytes of it. */
const SIGNABLE_MODEL = /^[!-~]([ -~]*[!-~])?$/;

/**
 * Returns the text that the signatures in `bc_sig` sign: everything that a device acts on except the URL, which may be
 * presigned again. It is ASCII, with one line for each fact, each ending with a line feed, and no line for a missing
 * key. Images are sorted by slot, things by name. The first line is `fota order 2` if the document has one of the facts
 * `seq`, `for`, `downgrade` or `signed`, else `fota order 1`. These formats never change: a new one would have another
 * first line.
 *
 * @throws {FotaError} DOCUMENT_INVALID if an image has no SHA-256, because MD5 alone is not secure, or if the model has
 * other characters than printable ASCII
 */
export function signedStatement(document: JobDocument): string {
  const { bc_model, bc_version, bc_min, bc_exp, bc_seq, bc_for = [], bc_down, bc_at } = document;
  if (bc_model !== undefined && !SIGNABLE_MODEL.test(bc_model)) {
    throw new FotaError(
      "DOCUMENT_INVALID",
      `bc_model of a signed document must be printable ASCII without blanks around it, got ${JSON.stringify(bc_model)}`,
    );
  }
  const images = imagesOf(document).sort((a, b) => a.bc_idx - b.bc_idx);
  const lines = images.map(({ bc_idx, bc_size, bc_crc, bc_sha256 }) => {
    if (bc_sha256 !== undefined) return `image ${bc_idx} ${bc_size} ${bc_crc} ${bc_sha256}`;
    throw new FotaError("DOCUMENT_INVALID", `the image for slot ${bc_idx} has no bc_sha256 to sign`);
  });
  const facts = { model: bc_model, version: bc_version, min: bc_min, expires: bc_exp };
  const newFacts = { seq: bc_seq, downgrade: bc_down === true ? "allowed" : undefined, signed: bc_at };
  const newLines = [...linesOf(newFacts), ...[...bc_for].sort().map((name) => `for thing ${name}`)];
  const title = newLines.length === 0 ? "fota order 1" : "fota order 2";
  return [title, ...lines, ...linesOf(facts), ...newLines].map((line) => `${line}\n`).join("");
}

function linesOf(facts: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
}
