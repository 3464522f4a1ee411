import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { FotaError } from "@fota/shared";
import { type AwsAccess, clientConfig } from "./access.js";
import { nameOf } from "./errors.js";
import { required } from "./required.js";
import { type SdkService, sdkServiceOf } from "./service.js";
import { watchRequests } from "./watch.js";

/** Reaches AWS KMS. */
export type Kms = SdkService<KMSClient>;

/** The only key spec whose signatures devices verify. Source: AWS KMS Developer Guide, key spec reference. */
const ED25519_SPEC = "ECC_NIST_EDWARDS25519";
const UNUSABLE = new Set([
  "DisabledException",
  "KMSInvalidStateException",
  "KeyUnavailableException",
  "NotFoundException",
]);

/** Opens KMS in the region of a key, by default that of the other services. */
export function openKms(access: AwsAccess, region: string | undefined, signal: AbortSignal): Kms {
  const client = new KMSClient(
    clientConfig({ ...access, region: region ?? access.region }, access.kmsEndpoint),
  );
  watchRequests(client, access);
  return sdkServiceOf(client, access.kmsEndpoint, signal);
}

/**
 * Returns the public key of a KMS key as SubjectPublicKeyInfo in DER.
 * @throws {FotaError} KEY_INVALID if it is not an Ed25519 key for signatures, or cannot be used; translated AWS errors
 */
export async function kmsPublicKey({ client, call }: Kms, key: string): Promise<Uint8Array> {
  const doing = `read the public key of KMS key ${key}`;
  const answer = await call({ doing, action: "kms:GetPublicKey" }, (options) =>
    usable(key, client.send(new GetPublicKeyCommand({ KeyId: key }), options)),
  );
  if (answer.KeySpec === ED25519_SPEC) return required(answer.PublicKey, "PublicKey");
  throw new FotaError(
    "KEY_INVALID",
    `the KMS key ${key} is ${answer.KeySpec ?? "of an unknown type"}; fota signs with ${ED25519_SPEC}`,
    {
      hint: `make one: aws kms create-key --key-spec ${ED25519_SPEC} --key-usage SIGN_VERIFY`,
    },
  );
}

/**
 * Signs a message with plain Ed25519 (RFC 8032): ED25519_SHA_512 takes the message itself. The prehashed
 * ED25519_PH_SHA_512 is another algorithm, which devices do not verify.
 * @throws {FotaError} KEY_INVALID if the key cannot be used, and translated AWS errors
 */
export async function kmsSign({ client, call }: Kms, key: string, message: Buffer): Promise<Uint8Array> {
  const input = {
    KeyId: key,
    Message: message,
    MessageType: "RAW",
    SigningAlgorithm: "ED25519_SHA_512",
  } as const;
  const answer = await call({ doing: `sign with KMS key ${key}`, action: "kms:Sign" }, (options) =>
    usable(key, client.send(new SignCommand(input), options)),
  );
  return required(answer.Signature, "Signature");
}

async function usable<T>(key: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!UNUSABLE.has(nameOf(error))) throw error;
    throw new FotaError("KEY_INVALID", `the KMS key ${key} cannot be used: ${nameOf(error)}`, {
      hint: "check its id or alias, its state, and the region: kms:alias/fw@eu-west-1",
      cause: error,
    });
  }
}
