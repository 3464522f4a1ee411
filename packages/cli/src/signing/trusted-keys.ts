import { checkKeySet, FotaError, type KeySet, keySetOf } from "@fota/shared";
import { readInput } from "../files/input.js";
import type { Host } from "../host.js";
import { parseKeyArgument } from "./key-argument.js";
import { readPublicKey } from "./public-key.js";
import { parseSignable } from "./signable.js";

/** Holds the options that name trusted keys, with the command line's texts as values. */
export interface TrustedKeyOptions {
  /** Lists `[id=]file` of public keys. */
  key?: readonly string[];
  /** Names the file of a key set. */
  keys?: string;
  /** How many of the keys must sign. @default that of the key set, else 1 */
  threshold?: string;
}

type Streams = Pick<Host, "stdin" | "cwd">;

/**
 * Reads the keys that a device would trust: a key set, or single keys as set 1.
 * @throws {FotaError} USAGE without a key; CONFIG_INVALID for a set that a device refuses
 */
export async function readTrustedKeys(options: TrustedKeyOptions, host: Streams): Promise<KeySet> {
  const { key: files = [], keys: file, threshold: text } = options;
  if ((file === undefined) === (files.length === 0)) {
    throw new FotaError("USAGE", "give either --key or --keys", {
      hint: "--key release-2026.pem.pub is a public key, --keys keys.json the file of a key set",
    });
  }
  const set = file === undefined ? await setOfFiles(files, host.cwd) : await readKeySet(file, host);
  const threshold = text === undefined ? set.threshold : parseThreshold(text);
  const chosen = { ...set, threshold };
  checkKeySet(chosen);
  return chosen;
}

/** Reads the file of a key set, signed or not, or takes the newest of a list. @throws {FotaError} CONFIG_INVALID, DOCUMENT_INVALID */
export async function readKeySet(file: string, host: Streams): Promise<KeySet> {
  const text = await readInput(host, file, "FILE_ACCESS");
  const signable = parseSignable(text, file);
  if (signable.kind === "keys") return keySetOf({ ...signable.link, sig: signable.signatures });
  if (signable.kind === "chain") return keySetOf(signable.links.at(-1) ?? signable.links[0]);
  throw new FotaError("CONFIG_INVALID", `${file} is a job document and no key set`, {
    hint: 'write {"version": 1, "threshold": 1, "keys": {"release-2026": "<32 bytes in base64>"}}',
  });
}

async function setOfFiles(files: readonly string[], cwd: string): Promise<KeySet> {
  const keys: Record<string, string> = {};
  for (const text of files) {
    const { id, where } = parseKeyArgument(text, "--key");
    if (Object.hasOwn(keys, id)) {
      throw new FotaError("USAGE", `two keys have the id ${id}`, {
        hint: "write --key ann=a.pub --key bob=b.pub",
      });
    }
    keys[id] = await readPublicKey(where, cwd);
  }
  return { version: 1, threshold: 1, keys };
}

function parseThreshold(text: string): number {
  const threshold = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (threshold >= 1) return threshold;
  throw new FotaError("USAGE", `--threshold must be a number from 1 up, got ${JSON.stringify(text)}`);
}
