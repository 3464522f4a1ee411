import * as v from "valibot";
import { THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "./aws-limits.js";
import { KEY_ID_PATTERN, PUBLIC_KEY_PATTERN, SIGNATURE_PATTERN } from "./ed25519-key.js";
import { FotaError } from "./errors.js";
import { isImageUrl, isPresignPlaceholder } from "./image-url.js";
import { VERSION_MAX_LENGTH, VERSION_PATTERN } from "./version.js";

/** `operation` of every fota job. Distinguishes it from other jobs (P-10). */
export const FOTA_OPERATION = "fota";

const slot = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));
const thingName = v.pipe(
  v.string(),
  v.maxLength(THING_NAME_MAX_LENGTH),
  v.regex(THING_NAME_PATTERN, "must be a thing name"),
);
const version = v.pipe(
  v.string(),
  v.maxLength(VERSION_MAX_LENGTH),
  v.regex(VERSION_PATTERN, "must be a version"),
);

function hexDigits(count: number) {
  return v.pipe(v.string(), v.length(count), v.regex(/^[0-9a-f]+$/, "must be lower-case hex digits"));
}

const url = v.pipe(
  v.string(),
  v.check(
    (value) => isImageUrl(value) || isPresignPlaceholder(value),
    "must be an https URL (http only to a loopback address) or an AWS IoT presign placeholder",
  ),
);

const imageEntries = {
  bc_idx: slot,
  bc_crc: hexDigits(32),
  bc_size: positiveInteger,
  bc_url: url,
};

const alternativeSchema = v.object({ ...imageEntries, bc_sha256: hexDigits(64) });

const signaturesSchema = v.pipe(
  v.array(
    v.object({
      key: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
      sig: v.pipe(v.string(), v.regex(SIGNATURE_PATTERN, "must be 64 bytes in base64")),
    }),
  ),
  v.minLength(1),
  v.maxLength(8),
);

/** Key id and public key. An id has no blank, because it stands in a line of the signed text. */
const keyEntries = v.pipe(
  v.array(
    v.tuple([
      v.pipe(v.string(), v.regex(KEY_ID_PATTERN, "must be a key id")),
      v.pipe(v.string(), v.regex(PUBLIC_KEY_PATTERN, "must be 32 bytes in base64")),
    ]),
  ),
  v.minLength(1),
  v.maxLength(16),
);

const keySetSchema = v.object({
  v: positiveInteger,
  t: positiveInteger,
  keys: keyEntries,
  rt: v.optional(positiveInteger),
  roots: v.optional(keyEntries),
  seq: v.optional(positiveInteger),
  sig: signaturesSchema,
});

const keySetLinksSchema = v.pipe(v.array(keySetSchema), v.minLength(1), v.maxLength(16));

/**
 * The schema of job documents, from which types, parser and JSON Schema are derived. The first five keys are exactly
 * those of the original library. The others are optional, and old devices ignore them. Unknown keys are dropped, so
 * that an old agent can read a newer document.
 */
export const jobDocumentSchema = v.object({
  operation: v.literal(FOTA_OPERATION),
  ...imageEntries,
  bc_sha256: v.optional(hexDigits(64)),
  bc_version: v.optional(version),
  bc_model: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(128),
      // A line feed could forge lines of the signed statement.
      v.regex(/^[ -~\u00a0-\uffff]*$/, "must have no control characters"),
    ),
  ),
  bc_min: v.optional(version),
  bc_exp: v.optional(positiveInteger),
  bc_alt: v.optional(v.pipe(v.array(alternativeSchema), v.minLength(1), v.maxLength(8))),
  bc_seq: v.optional(positiveInteger),
  bc_for: v.optional(
    v.pipe(
      v.array(thingName),
      v.minLength(1),
      v.maxLength(100),
      v.checkItems((name, index, names) => names.indexOf(name) === index, "must not be there twice"),
    ),
  ),
  bc_down: v.optional(v.literal(true)),
  bc_at: v.optional(positiveInteger),
  bc_sig: v.optional(signaturesSchema),
  bc_keys: v.optional(keySetLinksSchema),
});

export type JobDocument = v.InferOutput<typeof jobDocumentSchema>;
/** One link of `bc_keys`: a signed change of the keys that a device trusts. */
export type KeySetLink = v.InferOutput<typeof keySetSchema>;
/** An entry of `bc_sig`: id of the key, and the signature in base64. */
export type DocumentSignature = v.InferOutput<typeof signaturesSchema>[number];
/** One image of a job document: the slot that it is built for, MD5, size in bytes, URL and, if known, SHA-256. */
export type DocumentImage = Pick<JobDocument, "bc_idx" | "bc_crc" | "bc_size" | "bc_url" | "bc_sha256">;

/**
 * Tells by `operation` whether a job document is a fota update. Accepts any value, because other kinds of jobs share
 * the queue (B-27). Never throws.
 */
export function isFotaDocument(document: unknown): boolean {
  return (
    typeof document === "object" &&
    document !== null &&
    (document as Record<string, unknown>)["operation"] === FOTA_OPERATION
  );
}

/**
 * Parses an untrusted job document. Accepts digests in upper case, as the original does (P-39), and returns them in
 * lower case.
 * @throws {FotaError} DOCUMENT_INVALID, naming each invalid field and its value
 */
export function parseJobDocument(document: unknown): JobDocument {
  const result = v.safeParse(jobDocumentSchema, withLowerCaseDigests(document));
  if (result.success) {
    const { bc_idx, bc_alt = [] } = result.output;
    const slots = [bc_idx, ...bc_alt.map((image) => image.bc_idx)];
    if (new Set(slots).size === slots.length) return result.output;
    throw invalid([`bc_alt: slots must differ, got ${slots.join(", ")}`]);
  }
  throw invalid(result.issues.map(describeIssue));
}

/** Parses links of `bc_keys`. @throws {FotaError} DOCUMENT_INVALID, naming each invalid field and its value */
export function parseKeySetLinks(links: unknown): KeySetLink[] {
  const result = v.safeParse(keySetLinksSchema, links);
  if (result.success) return result.output;
  throw new FotaError(
    "DOCUMENT_INVALID",
    `the key set is not valid: ${result.issues.map(describeIssue).join("; ")}`,
    {
      hint: "sign it with `fota sign`; docs/job-document.md lists its keys",
    },
  );
}

/** Returns the images of a document, the one in the legacy keys first. */
export function imagesOf(document: JobDocument): DocumentImage[] {
  return [document, ...(document.bc_alt ?? [])];
}

function invalid(faults: string[]): FotaError {
  return new FotaError("DOCUMENT_INVALID", `the job document is not valid: ${faults.join("; ")}`, {
    hint: "compare it with docs/job-document.md, which lists every key",
  });
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "document";
  if (issue.received === "undefined" && issue.type === "object") return `${path} is missing`;
  const rule = ["check", "check_items", "regex"].includes(issue.type) ? issue.message : describeRule(issue);
  return `${path} ${rule}, got ${quoteValue(issue.input)}`;
}

/** Valibot's names of types, in plain English. */
const TYPES: Readonly<Record<string, string>> = {
  Array: "a list",
  Object: "an object",
  number: "a number",
  string: "a string",
};

function describeRule(issue: v.BaseIssue<unknown>): string {
  switch (issue.type) {
    case "integer":
      return "must be a whole number";
    case "min_value":
      return `must be at least ${String(issue.requirement)}`;
    case "max_value":
      return `must be at most ${String(issue.requirement)}`;
    case "min_length": // always 1
      return "must not be empty";
    case "max_length":
      return `must have at most ${String(issue.requirement)} ${unitOf(issue.input)}`;
    case "length":
      return `must have ${String(issue.requirement)} characters`;
    default:
      return issue.expected === null ? "is not valid" : `must be ${TYPES[issue.expected] ?? issue.expected}`;
  }
}

function unitOf(value: unknown): string {
  return Array.isArray(value) ? "entries" : "characters";
}

function quoteValue(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function withLowerCaseDigests(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const key of ["bc_crc", "bc_sha256"]) {
    const digest = copy[key];
    if (typeof digest === "string") copy[key] = digest.toLowerCase();
  }
  const alternatives = copy["bc_alt"];
  if (Array.isArray(alternatives)) copy["bc_alt"] = alternatives.map(withLowerCaseDigests);
  return copy;
}
