import { stat } from "node:fs/promises";
import { FotaError, hintOf, isFotaError, type KeySet } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import type { Context } from "../context.js";
import { type KeyArgument, KMS_PREFIX, parseKeyArgument } from "../signing/key-argument.js";
import { passphrasesOf } from "../signing/passphrase.js";
import { readPublicKey } from "../signing/public-key.js";
import { signersInFile } from "../signing/signers-in-file.js";
import { readKeySet } from "../signing/trusted-keys.js";
import { type Finding, fail, ok, type Verdict, warn } from "./verdict.js";

/** Holds a key of the settings; `publicKey` is 32 bytes in base64. */
export interface SettingsSigner {
  id: string;
  publicKey: string;
}

/**
 * Checks the keys that `sign` of the settings names, and with `--keys`, whether a device that trusts this key set
 * accepts what they sign. Asks for no passphrase. Returns nothing if neither is set.
 */
export async function checkSigning(
  context: Context,
  keysFile: string | undefined,
  access: () => Promise<AwsAccess>,
): Promise<Finding[]> {
  const { host, settings } = context;
  if (settings.file.sign === undefined && keysFile === undefined) return [];
  try {
    const set = keysFile === undefined ? undefined : await readKeySet(keysFile, host);
    const signers: SettingsSigner[] = [];
    for (const text of signersInFile(settings) ?? []) {
      const key = parseKeyArgument(text, "sign");
      signers.push({ id: key.id, publicKey: await publicKeyOf(context, key, access) });
    }
    return [{ check: "signing", ...judgeSigners(signers, set) }];
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return [{ check: "signing", ...fail(error.message, hintOf(error)) }];
  }
}

/** Reads the public key beside the private one if it is there: it needs no passphrase. */
async function publicKeyOf(
  { host, output }: Context,
  key: KeyArgument,
  access: () => Promise<AwsAccess>,
): Promise<string> {
  const { where } = key;
  const warn = () => {}; // a publish says it
  if (where.startsWith(KMS_PREFIX)) {
    const { openKmsSigner } = await import("../signing/kms-signer.js");
    return (await openKmsSigner(key, { access: await access(), signal: host.signal, warn })).publicKey;
  }
  if (!(await exists(where))) {
    throw new FotaError(
      "KEY_INVALID",
      `there is no key file ${where}, which \`sign\` of the settings names`,
      {
        hint: "check the path, which is relative to fota.config.json, or make the key with `fota keygen`",
      },
    );
  }
  if (await exists(`${where}.pub`)) return await readPublicKey(`${where}.pub`, host.cwd);
  const { openFileSigner } = await import("../signing/file-signer.js");
  const passphrases = passphrasesOf({ host, output: { ...output, canAsk: false } }, undefined);
  return (await openFileSigner(key, { cwd: host.cwd, passphrases, warn })).publicKey;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Judges whether a device that trusts `set` accepts what all of these keys sign. */
export function judgeSigners(signers: readonly SettingsSigner[], set: KeySet | undefined): Verdict {
  const names = signers.map(({ id }) => id).join(", ");
  if (set === undefined) return ok(`${names} ${signers.length === 1 ? "signs" : "sign"} every publish`);
  for (const { id, publicKey } of signers) {
    if (Object.hasOwn(set.keys, id) && set.keys[id] === publicKey) continue;
    const [other] = Object.entries(set.keys).find(([, key]) => key === publicKey) ?? [];
    if (other !== undefined) {
      return fail(
        `devices know the key ${id} as ${other}, and look it up by that id`,
        `write ${other}=<file> into \`sign\``,
      );
    }
    const message = Object.hasOwn(set.keys, id)
      ? `devices trust another key as ${id}`
      : `devices do not trust ${id}`;
    return fail(message, "sign with a key of the set, or publish a key set that has it (--keys)");
  }
  const counted = `${signers.length} of ${set.threshold} required keys`;
  if (signers.length >= set.threshold) return ok(`${names}: ${counted}`);
  if (signers.length === 0) {
    return warn(
      `no key signs, and devices require ${set.threshold}`,
      "write `sign` into fota.config.json, or use --sign",
    );
  }
  return warn(`${names}: ${counted}`, "let the others sign with `fota sign`, and publish with --document");
}
