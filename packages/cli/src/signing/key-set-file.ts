import { FotaError, type KeySetLink, keySetOf } from "@fota/shared";
import * as v from "valibot";
import { given } from "../given.js";
import { parsePublicKey } from "./public-key.js";

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const keys = v.record(v.string(), v.string());

/** Describes the file of a key set, as people write it. */
const keySetFileSchema = v.strictObject({
  version: whole,
  threshold: whole,
  keys,
  rootThreshold: v.optional(whole),
  rootKeys: v.optional(keys),
  seq: v.optional(whole),
});

/** A link of `bc_keys` before it is signed. */
export type UnsignedLink = Omit<KeySetLink, "sig">;

/** Tells whether a value looks like the file of a key set, right or wrong. */
export function isKeySetFile(value: unknown): boolean {
  return typeof value === "object" && value !== null && "keys" in value && "threshold" in value;
}

/**
 * Parses a key set file: `{version, threshold, keys: {id: key}, rootThreshold?, rootKeys?, seq?}`, with keys in base64,
 * PEM or as a line of OpenSSH.
 * @throws {FotaError} CONFIG_INVALID, naming the file
 */
export function parseKeySetFile(value: unknown, path: string): UnsignedLink {
  const { success, output, issues } = v.safeParse(keySetFileSchema, value);
  if (!success) {
    const [issue] = issues;
    throw invalid(`${path}: ${v.getDotPath(issue) ?? "the key set"} is not valid: ${issue.message}`);
  }
  const { version, threshold, rootThreshold, rootKeys, seq } = output;
  const link: UnsignedLink = {
    v: version,
    t: threshold,
    keys: entriesOf(output.keys, path),
    ...given({ rt: rootThreshold, seq }),
    ...(rootKeys !== undefined && { roots: entriesOf(rootKeys, path) }),
  };
  keySetOf({ ...link, sig: [] });
  return link;
}

function entriesOf(texts: Readonly<Record<string, string>>, path: string): KeySetLink["keys"] {
  return Object.entries(texts).map(([id, text]) => {
    const key = parsePublicKey(text);
    if (key === undefined) throw invalid(`${path}: the key ${JSON.stringify(id)} is no Ed25519 public key`);
    return [id, key];
  });
}

function invalid(message: string): FotaError {
  return new FotaError("CONFIG_INVALID", message, {
    hint: 'write {"version": 2, "threshold": 1, "keys": {"release-2027": "<32 bytes in base64>"}}',
  });
}
