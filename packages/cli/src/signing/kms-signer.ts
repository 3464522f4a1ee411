import { createPublicKey } from "node:crypto";
import { FotaError } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import { kmsPublicKey, kmsSign, openKms } from "../aws/kms.js";
import { withService } from "../aws/service.js";
import { type KeyArgument, parseKmsKey } from "./key-argument.js";
import { rawPublicKey } from "./public-key.js";
import { checkTrustable, type Signer } from "./signer.js";

/**
 * Opens a key of AWS KMS.
 * @throws {FotaError} USAGE with the stand-in, KEY_INVALID, NO_CREDENTIALS, ACCESS_DENIED and other translated AWS errors
 */
export async function openKmsSigner(
  { id, where }: KeyArgument,
  { access, signal, warn }: { access: AwsAccess; signal: AbortSignal; warn(text: string): void },
): Promise<Signer> {
  if (access.chosen === undefined) {
    throw new FotaError("USAGE", `${where}: \`fota local\` has no KMS`, {
      hint: "sign with a key file, or run `fota sign` without --local and publish with --document",
    });
  }
  const { key, region } = parseKmsKey(where);
  const open = () => openKms(access, region, signal);
  const spki = await withService(open(), async (kms) => {
    await kms.identity();
    return await kmsPublicKey(kms, key);
  });
  const publicKey = rawPublicKey(createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }));
  checkTrustable(id, publicKey);
  warn(
    `${where}: a key in the account that creates the jobs does not stop a thief of that account; keep it in another one`,
  );
  return {
    id,
    publicKey,
    sign: (statement) =>
      withService(open(), async (kms) => Buffer.from(await kmsSign(kms, key, Buffer.from(statement)))),
  };
}
