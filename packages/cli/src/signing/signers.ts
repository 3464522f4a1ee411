import { FotaError } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import type { Host } from "../host.js";
import { type KeyArgument, KMS_PREFIX, parseKeyArgument } from "./key-argument.js";
import { type PassphraseContext, passphrasesOf } from "./passphrase.js";
import type { Signer } from "./signer.js";

/** Holds the options that name signers, with the command line's texts as values. */
export interface SignerOptions {
  /** Lists `[id=]key`. */
  sign?: readonly string[];
  /** A command of the shell that signs with the key of `publicKey`. */
  signWith?: string;
  /** `[id=]file` of the public key of `signWith`. */
  publicKey?: string;
  passphraseFile?: string;
}

/** Holds what signers need. */
export interface SignerContext extends PassphraseContext {
  host: Host;
  /** Says how to reach AWS; called only for a key of KMS. */
  access(): Promise<AwsAccess>;
  output: PassphraseContext["output"] & { warn(text: string): void };
}

/**
 * Opens the signers, in the order of the options, with one passphrase for each encrypted key. Signs nothing.
 * @throws {FotaError} USAGE, KEY_INVALID, and translated AWS errors of KMS
 */
export async function openSigners(context: SignerContext, options: SignerOptions): Promise<Signer[]> {
  const { host, output } = context;
  const { sign = [], signWith, publicKey } = options;
  if ((signWith === undefined) !== (publicKey === undefined)) {
    throw new FotaError("USAGE", "--sign-with and --public-key belong together", {
      hint: "give the public key of the key that the command signs with: its signature is verified",
    });
  }
  const keys = sign.map((text) => parseKeyArgument(text, "--sign"));
  const own = publicKey === undefined ? undefined : parseKeyArgument(publicKey, "--public-key");
  checkDistinct(
    [...keys, ...(own === undefined ? [] : [own])].map(({ id }) => id),
    "id",
  );
  const passphrases = passphrasesOf(context, options.passphraseFile);
  const signers: Signer[] = [];
  for (const key of keys) signers.push(await openKey(key));
  if (signWith !== undefined && own !== undefined) {
    const { readPublicKey } = await import("./public-key.js");
    const { commandSigner } = await import("./command-signer.js");
    const base64 = await readPublicKey(own.where, host.cwd);
    signers.push(commandSigner(signWith, { id: own.id, publicKey: base64 }, { host }));
  }
  checkDistinct(
    signers.map((signer) => signer.publicKey),
    "key",
  );
  return signers;

  async function openKey(key: KeyArgument): Promise<Signer> {
    if (key.where.startsWith(KMS_PREFIX)) {
      const { openKmsSigner } = await import("./kms-signer.js");
      return await openKmsSigner(key, {
        access: await context.access(),
        signal: host.signal,
        warn: output.warn,
      });
    }
    const { openFileSigner } = await import("./file-signer.js");
    return await openFileSigner(key, { cwd: host.cwd, passphrases, warn: output.warn });
  }
}

function checkDistinct(values: readonly string[], what: "id" | "key"): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice === undefined) return;
  const message = what === "id" ? `two signers have the id ${twice}` : "two signers have the same key";
  throw new FotaError("USAGE", message, {
    hint: "give each key once, and each its own id: --sign ann=a/key.pem --sign bob=b/key.pem",
  });
}
