import { resolve } from "node:path";
import { type ErrorCode, FotaError, isFotaError, messageOf } from "@fota/shared";
import { decodeText, readTextFile } from "./text-file.js";

/** Stands for stdin in place of a file. */
export const STDIN = "-";

/** Reads a text file, or all of stdin for `-`. @throws {FotaError} `code`, naming the file */
export async function readInput(
  { stdin, cwd }: { stdin: NodeJS.ReadableStream; cwd: string },
  path: string,
  code: ErrorCode,
): Promise<string> {
  try {
    if (path !== STDIN) return await readTextFile(resolve(cwd, path), code, path);
    const pieces: Buffer[] = [];
    for await (const piece of stdin) pieces.push(Buffer.from(piece));
    return decodeText(Buffer.concat(pieces), code, "stdin");
  } catch (cause) {
    if (isFotaError(cause)) throw cause;
    throw new FotaError(code, `cannot read ${path}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode",
      cause,
    });
  }
}
