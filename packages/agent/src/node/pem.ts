import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../boot/storage-error.js";

/** PEM text, PEM or DER bytes, or the path of a file. A string that contains `-----BEGIN` is PEM, any other a path. */
export type Pem = string | Uint8Array;

/** A value, or a function that returns it each time it is needed, so that it may change while the process runs. */
export type Given<T> = T | (() => T | Promise<T>);

export async function resolveGiven<T extends string | object>(given: Given<T>): Promise<T> {
  return typeof given === "function" ? await given() : given;
}

/** Bytes of a certificate or key, and their name in messages: `private key /etc/device/key.pem`. */
export interface NamedBytes {
  name: string;
  bytes: Buffer;
}

/** Far above the size of any certificate chain. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Matches strings that are too long for a path or look like base64: a key must not get into an error message. */
const NOT_A_PATH = /^.{256,}$|[\n\0]|^[A-Za-z0-9+][A-Za-z0-9+/]{63,}={0,2}$/s;

/**
 * Reads a certificate or key. `what` is its name in messages, such as `private key`.
 * @throws {FotaError} CONFIG_INVALID if the file cannot be read
 */
export async function readPem(pem: Pem, what: string): Promise<NamedBytes> {
  if (typeof pem !== "string" && !((pem as unknown) instanceof Uint8Array)) {
    throw unreadable(what, `it is ${pem === null ? "null" : typeof pem}, not a string or bytes`);
  }
  if (typeof pem !== "string" || pem.includes("-----BEGIN")) return { name: what, bytes: Buffer.from(pem) };
  if (NOT_A_PATH.test(pem)) {
    throw unreadable(what, `a string of ${pem.length} characters is neither PEM nor a file path`);
  }
  return { name: `${what} ${pem}`, bytes: await readSmallFile(pem, what) };
}

/** Reads a plain file. Does not block on a FIFO or a device. */
async function readSmallFile(path: string, what: string): Promise<Buffer> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (found.isDirectory()) throw new Error(`${path} is a folder`);
      if (!found.isFile()) throw new Error(`${path} is not a plain file`);
      if (found.size > MAX_BYTES) throw new Error(`${path} is too long (${found.size} bytes)`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const why = errnoOf(cause) === "ENOENT" ? `${path} does not exist` : messageOf(cause);
    throw unreadable(what, why, cause);
  }
}

function unreadable(what: string, why: string, cause?: unknown): FotaError {
  return new FotaError("CONFIG_INVALID", `the ${what} cannot be read: ${why}`, {
    ...(cause !== undefined && { cause }),
    hint: hintFor(errnoOf(cause)),
  });
}

function hintFor(errno: string | undefined): string {
  if (errno === "EACCES" || errno === "EPERM")
    return "let the user of this process read the file, or run it as another user";
  if (errno === "ENOENT")
    return "put the file there, or set the path of another PEM or DER file, or its content";
  return "set it to the path of a PEM or DER file, or to its content";
}

/** Reads one or several certificates or keys, as `readPem` does. */
export async function readPems(pems: Pem | readonly Pem[], what: string): Promise<NamedBytes[]> {
  const list = typeof pems === "string" || pems instanceof Uint8Array ? [pems] : pems;
  return await Promise.all(list.map((pem) => readPem(pem, what)));
}
