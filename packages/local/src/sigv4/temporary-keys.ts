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
  /** Returns the credentials, even expired ones; `undefined` if the token does not belong to the access key. */
  find(accessKeyId: string, sessionToken: string): TemporaryCredentials | undefined;
}

/** Access key ids of temporary credentials begin with it. Source: IAM User Guide, "IAM identifiers". */
export const TEMPORARY_KEY_PREFIX = "ASIA";

const MAC_BYTES = 32;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * The token holds access key id and expiry, with a MAC; the secret access key follows from the access key id. So the
 * credentials outlive a restart with the same `secret`.
 */
export function createTemporaryKeys(secret: Uint8Array): TemporaryKeys {
  const mac = (purpose: string, text: string) =>
    createHmac("sha256", secret).update(`${purpose}:${text}`).digest();

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
      const digits = [...randomBytes(16)].map((byte) => BASE32[byte % BASE32.length]);
      return credentialsOf(`${TEMPORARY_KEY_PREFIX}${digits.join("")}`, expiresAtMs);
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
