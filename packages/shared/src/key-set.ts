import { KEY_ID_PATTERN, publicKeyFault } from "./ed25519-key.js";
import { FotaError } from "./errors.js";
import type { KeySetLink } from "./job-document.js";

/** Ed25519 public keys by key id: 32 bytes each, in base64. */
export type PublicKeys = Readonly<Record<string, string>>;

/**
 * The keys that a device trusts. `threshold` of `keys` must sign a job document. `rootThreshold` of `rootKeys` must sign
 * a change of this set; without root keys, the same keys with the same threshold do that.
 */
export interface KeySet {
  /** 1 in the firmware; each change of the set adds 1. */
  version: number;
  keys: PublicKeys;
  threshold: number;
  rootKeys?: PublicKeys | undefined;
  rootThreshold?: number | undefined;
}

/** A role of a key set: its keys, and how many of them must sign. */
export interface KeyRole {
  keys: PublicKeys;
  threshold: number;
}

/** Returns the keys that sign changes of the set. */
export function rootRole({ keys, threshold, rootKeys, rootThreshold = 1 }: KeySet): KeyRole {
  return rootKeys === undefined ? { keys, threshold } : { keys: rootKeys, threshold: rootThreshold };
}

/**
 * Checks a key set before anything is verified with it.
 * @throws {FotaError} CONFIG_INVALID if it has a key that cannot be trusted, the same key twice, an id that does not fit
 * into a line of the statement, or a threshold that its keys cannot reach
 */
export function checkKeySet(set: KeySet): void {
  checkRole("trust", { keys: set.keys, threshold: set.threshold });
  if (set.rootKeys !== undefined) checkRole("root", rootRole(set));
  else if (set.rootThreshold !== undefined) throw invalid("rootThreshold is set, but there are no rootKeys");
}

function checkRole(name: "trust" | "root", { keys, threshold }: KeyRole): void {
  const seen = new Map<string, string>();
  for (const [id, key] of Object.entries(keys)) {
    if (!KEY_ID_PATTERN.test(id)) throw invalid(`the ${name} key id ${JSON.stringify(id)} is not valid`);
    const fault = publicKeyFault(key);
    if (fault !== undefined) throw invalid(`the ${name} key ${JSON.stringify(id)} is not valid: ${fault}`);
    const other = seen.get(key);
    if (other !== undefined) throw invalid(`the ${name} keys ${other} and ${id} are the same key`);
    seen.set(key, id);
  }
  if (!Number.isSafeInteger(threshold) || threshold < 1) {
    throw invalid(`the ${name} threshold must be a whole number of at least 1, got ${threshold}`);
  }
  // No key at all is a device that refuses every document, which an owner may want.
  if (seen.size > 0 && threshold > seen.size) {
    throw invalid(`the ${name} threshold is ${threshold}, but there are only ${seen.size} keys`);
  }
}

function invalid(message: string): FotaError {
  return new FotaError("CONFIG_INVALID", message, {
    hint: "a key is an Ed25519 public key, as `fota keygen` prints it; see docs/security.md",
  });
}

/**
 * Returns the text that the signatures of a key set sign: ASCII, one line for each fact, each ending with a line feed,
 * keys sorted by id. This format never changes: a new one would have another first line.
 */
export function keySetStatement(link: Omit<KeySetLink, "sig">): string {
  const { v: version, t: threshold, keys, rt, roots = [], seq } = link;
  const lines = [
    "fota keys 1",
    `version ${version}`,
    `threshold ${threshold}`,
    ...sorted(keys).map(([id, key]) => `key ${id} ${key}`),
    ...(rt === undefined ? [] : [`root-threshold ${rt}`]),
    ...sorted(roots).map(([id, key]) => `root ${id} ${key}`),
    ...(seq === undefined ? [] : [`seq ${seq}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function sorted(entries: KeySetLink["keys"]): KeySetLink["keys"] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/**
 * Returns the key set that a link of `bc_keys` describes.
 * @throws {FotaError} CONFIG_INVALID as `checkKeySet`, and for an id that stands there twice
 */
export function keySetOf({ v: version, t: threshold, keys, rt, roots }: KeySetLink): KeySet {
  const set: KeySet = {
    version,
    threshold,
    keys: byId(keys),
    ...(roots !== undefined && { rootKeys: byId(roots) }),
    ...(rt !== undefined && { rootThreshold: rt }),
  };
  checkKeySet(set);
  return set;
}

function byId(entries: KeySetLink["keys"]): PublicKeys {
  const keys = Object.fromEntries(entries);
  if (Object.keys(keys).length !== entries.length) throw invalid("a key id stands there twice");
  return keys;
}
