import { generateKeyPairSync } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import type { Context } from "../context.js";
import { writeWholeFile } from "../files/whole-file.js";
import { parseKeyArgument } from "../signing/key-argument.js";
import { newPassphrase } from "../signing/passphrase.js";
import { rawPublicKey } from "../signing/public-key.js";
import { encryptedPem } from "./encrypted-key.js";
import { cArrayOf, formatKey } from "./format.js";
import type { GeneratedKey } from "./result.js";

/** Holds the options of `fota keygen`, as commander names them. */
export interface KeygenOptions {
  id?: string;
  /** False with `--no-passphrase`, as commander sets it. */
  passphrase: boolean;
  passphraseFile?: string;
}

const OWNER_ONLY = 0o600;

/**
 * Makes a key pair and writes both files, which survive a power cut. Replaces no file.
 * @throws {FotaError} USAGE, KEY_INVALID without a passphrase, FILE_ACCESS
 */
export async function runKeygen(context: Context, file: string, options: KeygenOptions): Promise<void> {
  const { host, output } = context;
  const { id, where } = parseKeyArgument(options.id === undefined ? file : `${options.id}=${file}`, "--id");
  if (where !== file) {
    throw new FotaError("USAGE", `${file} would be read as the key ${id} in ${where}`, {
      hint: "give a name without =",
    });
  }
  const publicFile = `${file}.pub`;
  for (const name of [file, publicFile]) await refuseExisting(resolve(host.cwd, name), name);
  const passphrase = options.passphrase
    ? await newPassphrase(context, file, options.passphraseFile)
    : undefined;
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem =
    passphrase === undefined
      ? privateKey.export({ format: "pem", type: "pkcs8" }).toString()
      : encryptedPem(privateKey, passphrase);
  const publicPem = publicKey.export({ format: "pem", type: "spki" }).toString();
  await write(resolve(host.cwd, file), file, pem, OWNER_ONLY);
  await write(resolve(host.cwd, publicFile), publicFile, publicPem, 0o666);
  const base64 = rawPublicKey(publicKey);
  const made: GeneratedKey = {
    id,
    file,
    publicFile,
    encrypted: passphrase !== undefined,
    pem: publicPem,
    publicKey: base64,
    c: cArrayOf(id, base64),
    trust: { [id]: base64 },
  };
  if (!made.encrypted) {
    output.warn(`${file} is not encrypted: everyone who can read it can sign firmware for your devices`);
  }
  output.result(made, formatKey(made, output));
}

async function refuseExisting(path: string, name: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw exists(name);
}

async function write(path: string, name: string, text: string, mode: number): Promise<void> {
  await writeWholeFile(path, text, { mode, replace: false }).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw exists(name);
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode, and the free space on its disk",
      cause,
    });
  });
}

function exists(name: string): FotaError {
  return new FotaError("FILE_ACCESS", `${name} exists, and fota never replaces a key`, {
    hint: "give another name, or move the file away",
  });
}
