import { resolve } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { readTextFile } from "./text-file.js";

/**
 * Reads a JSON file that a person wrote. A relative `path` starts at `cwd`; errors show it as it was given.
 * @throws {FotaError} CONFIG_INVALID, with `hint` if the file cannot be read
 */
export async function readJsonFile(path: string, cwd: string, hint: string): Promise<unknown> {
  const text = await readTextFile(resolve(cwd, path), "CONFIG_INVALID", path).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("CONFIG_INVALID", unreadable(path, cause), { hint, cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FotaError("CONFIG_INVALID", `${path} is not valid JSON: ${messageOf(cause)}`, { cause });
  }
}

function unreadable(path: string, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ENOENT"
    ? `there is no file ${JSON.stringify(path)}`
    : `cannot read ${path}: ${messageOf(cause)}`;
}
