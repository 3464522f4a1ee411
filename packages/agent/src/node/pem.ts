import { readFile } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";

/** PEM text, PEM or DER bytes, or the path of a file: a text with `-----BEGIN` in it is PEM, any other text a path. */
export type Pem = string | Uint8Array;

/** A value, or what gives it each time that it is needed: so it may change while the process runs. */
export type Given<T> = T | (() => T | Promise<T>);

export async function resolveGiven<T extends string | object>(given: Given<T>): Promise<T> {
  return typeof given === "function" ? await given() : given;
}

/** @throws {FotaError} CONFIG_INVALID when the file cannot be read; `what` names it for people, e.g. `private key` */
export async function readPem(pem: Pem, what: string): Promise<Buffer> {
  if (typeof pem !== "string" || pem.includes("-----BEGIN")) return Buffer.from(pem);
  try {
    return await readFile(pem);
  } catch (cause) {
    throw new FotaError("CONFIG_INVALID", `the ${what} cannot be read: ${messageOf(cause)}`, {
      cause,
      hint: "give the path of a PEM file, or its text",
    });
  }
}

/** `readPem` of one or several. */
export async function readPems(pems: Pem | readonly Pem[], what: string): Promise<Buffer[]> {
  const list = typeof pems === "string" || pems instanceof Uint8Array ? [pems] : pems;
  return await Promise.all(list.map((pem) => readPem(pem, what)));
}
