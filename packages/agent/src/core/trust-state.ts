import { checkKeySet, type KeySet, type PublicKeys } from "@fota/shared";
import { isCount, isRecord } from "./guards.js";

/** A release that the device accepted. Its number and time count once the device confirms one of its images. */
export interface Confirmable {
  images: { sizeBytes: number; md5: string; sha256: string }[];
  seq?: number | undefined;
  /** Seconds since 1970. */
  signedAt?: number | undefined;
}

/** What a device with trusted keys must not forget. Every key is optional: absent means that nothing is known yet. */
export interface TrustState {
  /** Sequence number of the last confirmed release. */
  seq?: number | undefined;
  /** SHA-256 of its image. */
  sha256?: string | undefined;
  /** When the newest confirmed document was signed, in seconds since 1970. */
  timeSeconds?: number | undefined;
  /** The key set that `bc_keys` led to. */
  keySet?: KeySet | undefined;
  /** Version of the key set that set the sequence number back: the number of older firmware does not count. */
  resetVersion?: number | undefined;
  /** The release that was accepted last and is not confirmed yet. */
  pending?: Confirmable | undefined;
}

const STATE_VERSION = 1;

/** Returns the text for the store: the same text for the same state. */
export function serializeTrust(state: TrustState): string {
  const { seq, sha256, timeSeconds, keySet, resetVersion, pending } = state;
  return JSON.stringify({
    version: STATE_VERSION,
    seq,
    sha256,
    timeSeconds,
    keySet,
    resetVersion,
    pending,
  });
}

/**
 * Parses the saved text. Returns `undefined` for a torn or foreign text. Ignores what it does not know: an older
 * firmware reads the state that a newer one saved. Never throws.
 */
export function parseTrust(text: string): TrustState | undefined {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(saved) || !isCount(saved["version"])) return undefined;
  const { seq, sha256, timeSeconds, keySet, resetVersion, pending } = saved;
  return {
    seq: isCount(seq) ? seq : undefined,
    sha256: typeof sha256 === "string" ? sha256 : undefined,
    timeSeconds: isCount(timeSeconds) ? timeSeconds : undefined,
    keySet: isKeySet(keySet) ? keySet : undefined,
    resetVersion: isCount(resetVersion) ? resetVersion : undefined,
    pending: isConfirmable(pending) ? pending : undefined,
  };
}

/** Returns the keys in the text for which `state`, which was parsed from it, has no value. */
export function ignoredIn(text: string, state: TrustState): string[] {
  const saved: Record<string, unknown> = JSON.parse(text);
  return Object.entries(state).flatMap(([name, value]) =>
    value === undefined && saved[name] !== undefined ? [name] : [],
  );
}

function isKeySet(value: unknown): value is KeySet {
  if (!isRecord(value) || !isCount(value["version"]) || !isCount(value["threshold"])) return false;
  const { keys, rootKeys, rootThreshold } = value;
  if (!isKeys(keys) || (rootKeys !== undefined && !isKeys(rootKeys))) return false;
  if (rootThreshold !== undefined && !isCount(rootThreshold)) return false;
  try {
    checkKeySet(value as unknown as KeySet);
    return true;
  } catch {
    return false;
  }
}

function isKeys(value: unknown): value is PublicKeys {
  return isRecord(value) && Object.values(value).every((key) => typeof key === "string");
}

function isConfirmable(value: unknown): value is Confirmable {
  if (!isRecord(value) || !Array.isArray(value["images"])) return false;
  const { images, seq, signedAt } = value;
  return (
    images.every(
      (image) =>
        isRecord(image) &&
        isCount(image["sizeBytes"]) &&
        typeof image["md5"] === "string" &&
        typeof image["sha256"] === "string",
    ) &&
    (seq === undefined || isCount(seq)) &&
    (signedAt === undefined || isCount(signedAt))
  );
}
