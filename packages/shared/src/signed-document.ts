import { KEY_ID_PATTERN, PUBLIC_KEY_PATTERN, SIGNATURE_PATTERN } from "./ed25519-key.js";
import { FotaError } from "./errors.js";
import {
  type DocumentSignature,
  type JobDocument,
  type KeySetLink,
  parseBySchema,
  plainDocumentSchema,
  positiveInteger,
} from "./job-document.js";
import { listOf, optional, readBySchema, type SchemaOf, text } from "./schema.js";

const signatures: SchemaOf<DocumentSignature[]> = listOf(8, {
  type: "object",
  properties: {
    key: { type: "string", maxLength: 64, must: "have 1 to 64 characters" },
    sig: text(88, SIGNATURE_PATTERN, "be 64 bytes in base64"),
  },
});

/** An id has no blank, because it stands in a line of the signed text. */
const keys: SchemaOf<[string, string][]> = listOf(16, {
  type: "tuple",
  items: [text(64, KEY_ID_PATTERN, "be a key id"), text(44, PUBLIC_KEY_PATTERN, "be 32 bytes in base64")],
});

const keySetLinks: SchemaOf<KeySetLink[]> = listOf(16, {
  type: "object",
  properties: {
    v: positiveInteger,
    t: positiveInteger,
    keys,
    rt: optional(positiveInteger),
    roots: optional(keys),
    seq: optional(positiveInteger),
    sig: signatures,
  },
});

/** The schema of job documents, which the parser follows and from which the JSON Schema is made. */
export const jobDocumentSchema: SchemaOf<JobDocument> = {
  type: "object",
  properties: {
    ...plainDocumentSchema.properties,
    bc_sig: optional(signatures),
    bc_keys: optional(keySetLinks),
  },
};

/**
 * Parses an untrusted job document, with its signatures. Accepts digests in upper case, as the original does (P-39), and
 * returns them in lower case.
 * @throws {FotaError} DOCUMENT_INVALID, naming each invalid field and its value
 */
export function parseJobDocument(document: unknown): JobDocument {
  return parseBySchema(jobDocumentSchema, document);
}

/** Parses links of `bc_keys`. @throws {FotaError} DOCUMENT_INVALID, naming each invalid field and its value */
export function parseKeySetLinks(links: unknown): KeySetLink[] {
  const faults: string[] = [];
  const parsed = readBySchema(keySetLinks, links, faults) as KeySetLink[];
  if (faults.length === 0) return parsed;
  throw new FotaError("DOCUMENT_INVALID", `the key set is not valid: ${faults.join("; ")}`, {
    hint: "sign it with `fota sign`; docs/job-document.md lists its keys",
  });
}
