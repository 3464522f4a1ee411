import { sign } from "node:crypto";
import type { KeyArgument } from "./key-argument.js";
import type { Passphrases } from "./passphrase.js";
import { readPrivateKey } from "./private-key.js";
import { rawPublicKey } from "./public-key.js";
import { checkTrustable, type Signer } from "./signer.js";

/** Opens a key file. @param warn receives what speaks against the key @throws {FotaError} KEY_INVALID */
export async function openFileSigner(
  { id, where }: KeyArgument,
  options: { cwd: string; passphrases: Passphrases; warn(text: string): void },
): Promise<Signer> {
  const { key, warning } = await readPrivateKey(where, options.cwd, options.passphrases);
  if (warning !== undefined) options.warn(warning);
  const publicKey = rawPublicKey(key);
  checkTrustable(id, publicKey);
  return { id, publicKey, sign: async (statement) => sign(null, Buffer.from(statement), key) };
}
