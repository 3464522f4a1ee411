import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";

/** PEM text, PEM or DER bytes, or the path of a file: a text with `-----BEGIN` in it is PEM, any other text a path. */
export type Pem = string | Uint8Array;

/** A value, or what gives it each time that it is needed: so it may change while the process runs. */
export type Given<T> = T | (() => T | Promise<T>);

export async function resolveGiven<T extends string | object>(given: Given<T>): Promise<T> {
  return typeof given === "function" ? await given() : given;
}

/** Bytes of a certificate or key, and what messages call them: `private key /etc/device/key.pem`. */
export interface NamedBytes {
  name: string;
  bytes: Buffer;
}

/** Far above any chain of certificates; what is longer is no such file. */
const MAX_BYTES = 4 * 1024 * 1024;
/** A key that was taken for a path must not end in a message, hence in a log: longer than any path, or base64. */
const NO_PATH = /^.{256,}$|[\n\0]|^[A-Za-z0-9+][A-Za-z0-9+/]{63,}={0,2}$/s;

/** @throws {FotaError} CONFIG_INVALID when the file cannot be read; `what` names it for people, e.g. `private key` */
export async function readPem(pem: Pem, what: string): Promise<NamedBytes> {
  if (typeof pem !== "string" && !((pem as unknown) instanceof Uint8Array)) {
    throw unreadable(what, `it is ${pem === null ? "null" : typeof pem}, not a text or bytes`);
  }
  if (typeof pem !== "string" || pem.includes("-----BEGIN")) return { name: what, bytes: Buffer.from(pem) };
  if (NO_PATH.test(pem)) {
    throw unreadable(what, `a text of ${pem.length} characters is neither PEM nor the path of a file`);
  }
  return { name: `${what} ${pem}`, bytes: await readSmallFile(pem, what) };
}

/** Reads a plain file: a FIFO that nobody writes to would not end, nor would a device. */
async function readSmallFile(path: string, what: string): Promise<Buffer> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (found.isDirectory()) throw new Error(`${path} is a folder`);
      if (!found.isFile()) throw new Error(`${path} is not a plain file`);
      if (found.size > MAX_BYTES) throw new Error(`${path} has ${found.size} bytes`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unreadable(what, messageOf(cause), cause);
  }
}

function unreadable(what: string, why: string, cause?: unknown): FotaError {
  return new FotaError("CONFIG_INVALID", `the ${what} cannot be read: ${why}`, {
    ...(cause !== undefined && { cause }),
    hint: "give the path of a PEM or DER file, or its content",
  });
}

/** `readPem` of one or several. */
export async function readPems(pems: Pem | readonly Pem[], what: string): Promise<NamedBytes[]> {
  const list = typeof pems === "string" || pems instanceof Uint8Array ? [pems] : pems;
  return await Promise.all(list.map((pem) => readPem(pem, what)));
}
