import { createPrivateKey, type KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { platform } from "node:os";
import { resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { readSmallFile } from "../files/small-file.js";
import { isOpenSshKey, parseOpenSshKey } from "./openssh-key.js";
import type { Passphrases } from "./passphrase.js";

/** Holds a key that signs, and what to warn of. */
export interface PrivateKey {
  key: KeyObject;
  warning: string | undefined;
}

const READABLE_BY_ALL = 0o004;
const MAKE_ONE = "make a signing key with `fota keygen`";
const NAMES: Readonly<Record<string, string>> = { rsa: "RSA", "rsa-pss": "RSA", ec: "ECDSA", ed448: "Ed448" };

/**
 * Reads an Ed25519 private key: PKCS#8 as PEM or DER, encrypted or not, or a file of `ssh-keygen`.
 * @throws {FotaError} KEY_INVALID for a file that cannot be read, another type of key, and a wrong passphrase
 */
export async function readPrivateKey(
  path: string,
  cwd: string,
  passphrases: Passphrases,
): Promise<PrivateKey> {
  const bytes = await readSmallFile(resolve(cwd, path)).catch((cause: unknown) => {
    throw invalid(
      `cannot read the key in ${path}: ${messageOf(cause)}`,
      "check the path, its owner and mode",
      cause,
    );
  });
  if (/^(fffe|feff)/.test(bytes.toString("hex", 0, 2))) {
    throw invalid(`${path} is UTF-16, not UTF-8`, "save it as UTF-8");
  }
  const text = bytes.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  if (isOpenSshKey(text)) {
    const warning = `${path} is an OpenSSH key: do not sign firmware with a key that also logs in somewhere`;
    return { key: parseOpenSshKey(text, path), warning };
  }
  if (/-----BEGIN (PUBLIC KEY|CERTIFICATE)/.test(text)) {
    throw invalid(`${path} holds no private key`, "give the file without .pub");
  }
  // Older forms of PEM name the type, also of an encrypted key: no passphrase is needed to refuse it.
  const [, type] = /-----BEGIN (RSA|DSA|EC) PRIVATE KEY/.exec(text) ?? [];
  if (type !== undefined) throw invalid(`the key in ${path} is ${type}; fota signs with Ed25519`, MAKE_ONE);
  const count = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY/g)?.length ?? 0;
  if (count > 1) throw invalid(`${path} holds ${count} private keys`, "give each key a file of its own");
  const key = text.includes("-----BEGIN")
    ? { key: text, isEncrypted: text.includes("-----BEGIN ENCRYPTED") }
    : { key: bytes, format: "der" as const, type: "pkcs8" as const, isEncrypted: false };
  let isLocked = false;
  const opened = await decrypt(key, path, (name) => {
    isLocked = true;
    return passphrases(name);
  });
  return {
    key: checkType(opened, path),
    warning: isLocked ? undefined : await exposureOf(resolve(cwd, path), path),
  };
}

/** Returns what to warn of if every user of this machine can read the file. Windows has no such modes. */
async function exposureOf(file: string, path: string): Promise<string | undefined> {
  if (platform() === "win32") return undefined;
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true || (found.mode & READABLE_BY_ALL) === 0) return undefined;
  return `every user of this machine can read ${path}, and it is not encrypted: run chmod 600 ${path}`;
}

async function decrypt(
  {
    isEncrypted,
    ...key
  }: ({ key: string } | { key: Buffer; format: "der"; type: "pkcs8" }) & { isEncrypted: boolean },
  path: string,
  passphrases: Passphrases,
): Promise<KeyObject> {
  if (!isEncrypted) {
    try {
      return createPrivateKey(key);
    } catch (cause) {
      // Only of DER, Node tells that it is encrypted.
      if (!(cause instanceof Error && "code" in cause && cause.code === "ERR_MISSING_PASSPHRASE")) {
        throw invalid(`${path} holds no private key: it is neither PKCS#8 nor a file of OpenSSH`, MAKE_ONE);
      }
    }
  }
  const passphrase = await passphrases(path);
  try {
    return createPrivateKey({ ...key, passphrase });
  } catch {
    // Node's error says the same in OpenSSL's words.
    throw invalid(
      `the passphrase does not open the key in ${path}`,
      "check the passphrase, and that the file is whole",
    );
  }
}

function checkType(key: KeyObject, path: string): KeyObject {
  const { asymmetricKeyType: type = "another type" } = key;
  if (type === "ed25519") return key;
  throw invalid(`the key in ${path} is ${NAMES[type] ?? type}; fota signs with Ed25519`, MAKE_ONE);
}

function invalid(message: string, hint: string, cause?: unknown): FotaError {
  return new FotaError("KEY_INVALID", message, { hint, cause });
}
