import {
  FotaError,
  isFotaDocument,
  type JobDocument,
  type KeySetLink,
  messageOf,
  parseJobDocument,
  parseKeySetLinks,
} from "@fota/shared";
import { isKeySetFile, parseKeySetFile, type UnsignedLink } from "./key-set-file.js";

/** Holds what a file has to sign or to verify. */
export type Signable =
  | { kind: "document"; document: JobDocument }
  | { kind: "keys"; link: UnsignedLink; signatures: KeySetLink["sig"] }
  | { kind: "chain"; links: readonly [KeySetLink, ...KeySetLink[]] };

/**
 * Parses what `fota publish --json` printed, a job document, a key set file, a signed key set, or a list of these.
 * @throws {FotaError} DOCUMENT_INVALID, CONFIG_INVALID, naming the file
 */
export function parseSignable(text: string, path: string): Signable {
  const value = parseJson(text, path);
  if (isFotaDocument(value)) return { kind: "document", document: parseJobDocument(value) };
  if (isRecord(value) && isFotaDocument(value["document"])) {
    return { kind: "document", document: parseJobDocument(value["document"]) };
  }
  if (isKeySetFile(value)) return { kind: "keys", link: parseKeySetFile(value, path), signatures: [] };
  if (isRecord(value) && "v" in value && "keys" in value) {
    const [{ sig, ...link }] = parseKeySetLinks([value]) as [KeySetLink];
    return { kind: "keys", link, signatures: sig };
  }
  if (Array.isArray(value)) return { kind: "chain", links: parseKeyChain(text, path) };
  throw new FotaError("DOCUMENT_INVALID", `${path} holds neither a job document nor a key set`, {
    hint: "give what `fota publish --dry-run --json` prints, or a key set file as docs/signing.md shows it",
  });
}

/**
 * Parses a signed key set, or a list of them. The version of each is that of the one before plus 1.
 * @throws {FotaError} DOCUMENT_INVALID
 */
export function parseKeyChain(text: string, path: string): [KeySetLink, ...KeySetLink[]] {
  const value = parseJson(text, path);
  const values = Array.isArray(value) ? value : [value];
  if (values.some(isKeySetFile)) {
    throw new FotaError("DOCUMENT_INVALID", `${path} holds a key set that is not signed`, {
      hint: "sign it: fota sign <key set> --sign <key> --out <file>, and give that file",
    });
  }
  const links = parseKeySetLinks(values) as [KeySetLink, ...KeySetLink[]]; // refuses an empty list
  const gap = links.find(({ v: version }, i) => i > 0 && version !== (links[i - 1]?.v ?? 0) + 1);
  if (gap === undefined) return links;
  throw new FotaError("DOCUMENT_INVALID", `${path}: key set ${gap.v} does not follow the one before it`, {
    hint: "list every key set, the oldest first",
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FotaError("DOCUMENT_INVALID", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
