import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Credentials } from "./sigv4.js";

/** Credentials that are valid until `expiresAtMs`, in requests that also have the token. */
interface TemporaryCredentials extends Credentials {
  sessionToken: string;
  expiresAtMs: number;
}

/** Issues temporary credentials, and recognizes them by their token. Stores nothing. */
export interface TemporaryKeys {
  issue(expiresAtMs: number): TemporaryCredentials;
  /** Returns whether `issue` made the access key. */
  isIssued(accessKeyId: string): boolean;
  /** Returns the credentials, even expired ones; `undefined` if the token does not belong to the access key. */
  find(accessKeyId: string, sessionToken: string): TemporaryCredentials | undefined;
}

/** Access key ids of temporary credentials begin with it. Source: IAM User Guide, "IAM identifiers". */
export const TEMPORARY_KEY_PREFIX = "ASIA";

const MAC_BYTES = 32;
/** Of the 16 characters after the prefix; the last six are a MAC of 30 bits, so another's key is not mistaken for one. */
const RANDOM_CHARACTERS = 10;
const MAC_CHARACTERS = 6;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * The token holds access key id and expiry, with a MAC; the access key id has a MAC of its own, and the secret access key
 * follows from it. So the credentials outlive a restart with the same `secret`.
 */
export function createTemporaryKeys(secret: Uint8Array): TemporaryKeys {
  const mac = (purpose: string, text: string) =>
    createHmac("sha256", secret).update(`${purpose}:${text}`).digest();

  const toBase32 = (bytes: Uint8Array) => [...bytes].map((byte) => BASE32[byte % BASE32.length]).join("");

  /** Returns the access key id that begins with these characters. */
  const withMac = (start: string) => start + toBase32(mac("id", start).subarray(0, MAC_CHARACTERS));

  function credentialsOf(accessKeyId: string, expiresAtMs: number): TemporaryCredentials {
    const content = `${accessKeyId}:${expiresAtMs}`;
    const token = Buffer.concat([mac("token", content), Buffer.from(content)]);
    return {
      accessKeyId,
      secretAccessKey: mac("key", accessKeyId).toString("base64").slice(0, 40),
      sessionToken: token.toString("base64"),
      expiresAtMs,
    };
  }

  return {
    issue(expiresAtMs) {
      const start = TEMPORARY_KEY_PREFIX + toBase32(randomBytes(RANDOM_CHARACTERS));
      return credentialsOf(withMac(start), expiresAtMs);
    },
    isIssued(accessKeyId) {
      if (!accessKeyId.startsWith(TEMPORARY_KEY_PREFIX)) return false;
      return withMac(accessKeyId.slice(0, -MAC_CHARACTERS)) === accessKeyId;
    },
    find(accessKeyId, sessionToken) {
      const token = Buffer.from(sessionToken, "base64");
      const content = token.subarray(MAC_BYTES).toString();
      const [owner, expiresAtMs] = content.split(":");
      if (token.length <= MAC_BYTES || owner !== accessKeyId) return undefined;
      if (!timingSafeEqual(token.subarray(0, MAC_BYTES), mac("token", content))) return undefined;
      return credentialsOf(accessKeyId, Number(expiresAtMs));
    },
  };
}
