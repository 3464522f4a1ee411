import { type ErrorCode, FotaError } from "@fota/shared";
import { readSmallFile } from "./small-file.js";

/**
 * Reads a text file and removes its byte order mark.
 * @throws what `readSmallFile` throws; {FotaError} `code` with the file's name, when the file is UTF-16, which
 * PowerShell's `>` writes, or not text
 */
export async function readTextFile(path: string, code: ErrorCode, shownPath = path): Promise<string> {
  return decodeText(await readSmallFile(path), code, shownPath);
}

/** Decodes bytes that were read already, like `readTextFile`. */
export function decodeText(bytes: Buffer, code: ErrorCode, path: string): string {
  if (isUtf16(bytes)) {
    throw new FotaError(code, `${path} is UTF-16, not UTF-8`, {
      hint: "save it as UTF-8; in PowerShell write it with `| Out-File -Encoding utf8` in place of `>`",
    });
  }
  if (bytes.includes(0)) throw new FotaError(code, `${path} is not a text file: it holds zero bytes`);
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/** Detects UTF-16 by its mark, or by a zero beside each of the first characters, as ASCII text has in UTF-16. */
function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") return true;
  const [first, second, third, fourth] = bytes;
  if (fourth === undefined) return false;
  const little = first !== 0 && second === 0 && third !== 0 && fourth === 0;
  const big = first === 0 && second !== 0 && third === 0 && fourth !== 0;
  return little || big;
}
