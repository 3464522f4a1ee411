import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { chmod, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FotaError, isFotaError, makeFolders, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import { writeWholeFile } from "../files/whole-file.js";
import { canRequest, readRequestKey } from "./device-key.js";
import type { ThingSpec } from "./spec.js";

export const CERT_FILE = "cert.pem";
export const KEY_FILE = "key.pem";
export const CONFIG_FILE = "agent.json";

const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o700;

/** The files of a device's identity that a folder has. */
export interface IdentityFiles {
  certificate: { id: string; pem: string; expiresAt: Date } | undefined;
  key: KeyObject | undefined;
  /** The keys of `agent.json`, including unknown ones. */
  config: Record<string, unknown> | undefined;
}

/**
 * Reads the folder of a thing, and checks that its files belong together. A missing folder counts as empty.
 * @throws {FotaError} IDENTITY_INVALID, FILE_ACCESS
 */
export async function readIdentity({ dir, thingName, request }: ThingSpec): Promise<IdentityFiles> {
  const read = (file: string) => readIfThere(join(dir, file));
  const [certText, keyText, configText] = await Promise.all([CERT_FILE, KEY_FILE, CONFIG_FILE].map(read));
  const config = configText === undefined ? undefined : parseConfig(configText, dir);
  if (config !== undefined && config["thingName"] !== thingName) {
    throw invalid(
      `${join(dir, CONFIG_FILE)} belongs to thing ${JSON.stringify(config["thingName"])}`,
      OTHER_FOLDER,
    );
  }
  const key = keyText === undefined ? undefined : parseKey(keyText, dir);
  if (key !== undefined && request !== undefined) {
    throw invalid(
      `${join(dir, KEY_FILE)} exists, but --csr is for a key that stays on the device`,
      OTHER_FOLDER,
    );
  }
  if (certText === undefined) {
    if (key !== undefined) checkNewKey(key, dir);
    return { certificate: undefined, key, config };
  }
  const certificate = parse(join(dir, CERT_FILE), () => new X509Certificate(certText));
  checkPair(certificate, { key, request }, dir);
  const id = createHash("sha256").update(certificate.raw).digest("hex");
  return { certificate: { id, pem: certText, expiresAt: new Date(certificate.validTo) }, key, config };
}

const OTHER_FOLDER = "use another folder for --out";

function checkPair(
  certificate: X509Certificate,
  { key, request }: { key: KeyObject | undefined; request: string | undefined },
  dir: string,
): void {
  const path = join(dir, CERT_FILE);
  if (request !== undefined) {
    if (certificate.publicKey.equals(readRequestKey(request))) return;
    throw invalid(`${path} is not for the key of the certificate request`, OTHER_FOLDER);
  }
  if (key === undefined) {
    const hint = `${OTHER_FOLDER}, or give --csr if the key stays on the device`;
    throw invalid(`${path} exists, but ${KEY_FILE} does not`, hint);
  }
  if (!certificate.checkPrivateKey(key))
    throw invalid(`${path} does not belong to ${KEY_FILE}`, OTHER_FOLDER);
}

/** Checks a key that has no certificate yet. */
function checkNewKey(key: KeyObject, dir: string): void {
  if (canRequest(key)) return;
  throw invalid(
    `${join(dir, KEY_FILE)} is not a key on P-256, P-384 or P-521`,
    `move it away, so that fota makes a key, or ${OTHER_FOLDER}; for another kind of key, give --csr`,
  );
}

function parseKey(text: string, dir: string): KeyObject {
  const path = join(dir, KEY_FILE);
  try {
    return createPrivateKey(text);
  } catch (cause) {
    // OpenSSL's texts name only its routines.
    throw invalid(
      `${path} is not a private key in PEM without a passphrase`,
      `move it away, or ${OTHER_FOLDER}`,
      cause,
    );
  }
}

function parseConfig(text: string, dir: string): Record<string, unknown> {
  return parse(join(dir, CONFIG_FILE), () => {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    throw new Error("it must hold a JSON object");
  });
}

function parse<T>(path: string, task: () => T): T {
  try {
    return task();
  } catch (cause) {
    throw invalid(`cannot use ${path}: ${messageOf(cause)}`, `move it away, or ${OTHER_FOLDER}`, cause);
  }
}

function invalid(message: string, hint: string, cause?: unknown): FotaError {
  return new FotaError("IDENTITY_INVALID", message, { hint, cause });
}

/** Reads a text file; returns `undefined` if it does not exist. @throws {FotaError} IDENTITY_INVALID, FILE_ACCESS */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readTextFile(path, "IDENTITY_INVALID");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    if (isFotaError(cause)) throw cause;
    throw new FotaError("FILE_ACCESS", `cannot read ${path}: ${messageOf(cause)}`, {
      hint: `check its owner and mode, or ${OTHER_FOLDER}`,
      cause,
    });
  }
}

/** Creates the folder, accessible only to its owner. Leaves an existing one as it is. */
export async function makeFolder(dir: string): Promise<void> {
  const isThere = await stat(dir).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await written(dir, async () => {
    await makeFolders(dir, { mkdir, dirname });
    await chmod(dir, FOLDER_MODE);
  });
}

/** Writes a private key that only its owner may read. Never replaces a file. @throws {FotaError} FILE_ACCESS */
export async function writeKey(dir: string, pem: string): Promise<void> {
  const path = join(dir, KEY_FILE);
  await written(path, async () => {
    await writeWholeFile(path, pem, { mode: OWNER_ONLY, replace: false }).catch((cause: unknown) => {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
      throw new FotaError("FILE_ACCESS", `${path} exists already, and fota never replaces a key`, {
        hint: "run the same command again, as another run may have made it; remove it if it is a link to nothing",
        cause,
      });
    });
  });
}

/** Writes or replaces a file without secrets. @throws {FotaError} FILE_ACCESS */
export async function writePublic(path: string, text: string): Promise<void> {
  await written(path, () => writeWholeFile(path, text, { replace: true }));
}

async function written(path: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (cause) {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("FILE_ACCESS", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode, and the free space on its disk",
      cause,
    });
  }
}
