import { resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import type { Host } from "../host.js";
import type { Output } from "../terminal/output.js";

/** Holds what a passphrase may come from. */
export interface PassphraseContext {
  host: Pick<Host, "env" | "cwd">;
  output: Pick<Output, "canAsk" | "askSecretly">;
}

/** Supplies the passphrase of the key in a file. */
export type Passphrases = (path: string) => Promise<string>;

const SOURCES = "set FOTA_PASSPHRASE, or give --passphrase-file";

/**
 * Returns the source of passphrases: the first line of `file`, else FOTA_PASSPHRASE, else a question on the terminal,
 * whose answer is not shown. Every key file is asked for once.
 * @throws {FotaError} KEY_INVALID if there is none, or it is empty
 */
export function passphrasesOf(context: PassphraseContext, file: string | undefined): Passphrases {
  return async (path) => {
    const stated = await statedPassphrase(context.host, file);
    if (stated !== undefined) return notEmpty(stated, path);
    if (context.output.canAsk) {
      return notEmpty(await context.output.askSecretly(`passphrase of ${path}:`), path);
    }
    throw new FotaError("KEY_INVALID", `the key in ${path} is encrypted, and no passphrase is given`, {
      hint: SOURCES,
    });
  };
}

/**
 * Returns the passphrase for a new key, which a user types twice.
 * @throws {FotaError} KEY_INVALID if there is none, it is empty, or the two differ
 */
export async function newPassphrase(
  { host, output }: PassphraseContext,
  path: string,
  file: string | undefined,
): Promise<string> {
  const stated = await statedPassphrase(host, file);
  if (stated !== undefined) return notEmpty(stated, path);
  if (!output.canAsk) {
    throw new FotaError("KEY_INVALID", `no passphrase is given for ${path}`, {
      hint: `${SOURCES}, or add --no-passphrase for a key that every reader of the file can use`,
    });
  }
  const first = notEmpty(await output.askSecretly(`new passphrase for ${path}:`), path);
  if ((await output.askSecretly("the same again:")) === first) return first;
  throw new FotaError("KEY_INVALID", "the two passphrases differ; no file was written", {
    hint: "run the same command again",
  });
}

async function statedPassphrase(
  { env, cwd }: Pick<Host, "env" | "cwd">,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return env["FOTA_PASSPHRASE"];
  const text = await readTextFile(resolve(cwd, file), "KEY_INVALID", file).catch((cause: unknown) => {
    throw new FotaError("KEY_INVALID", `cannot read --passphrase-file ${file}: ${messageOf(cause)}`, {
      hint: "give a file whose first line is the passphrase",
      cause,
    });
  });
  return text.split(/\r?\n/)[0];
}

function notEmpty(passphrase: string, path: string): string {
  if (passphrase !== "") return passphrase;
  throw new FotaError("KEY_INVALID", `the passphrase of ${path} is empty`, { hint: SOURCES });
}
