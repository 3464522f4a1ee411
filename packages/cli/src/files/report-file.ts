import { type FileHandle, open, stat } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";
import { writeWholeFile } from "./whole-file.js";

/** Names a file, as it was given and where it is, and what an earlier report in its place begins with. */
export interface ReportFile {
  name: string;
  path: string;
  mark: RegExp;
  /** The option that names the file. */
  option: string;
}

/** What each HTML page of fota begins with. */
export const PAGE_MARK = /<meta name="generator" content="fota">/;

/** An earlier report has its mark within this length. */
const MARK_BYTES = 4_096;
const PATH_HINT = "check the path, its owner and mode, and the free space on its disk";

/** Refuses to replace what is no earlier report. @throws {FotaError} FILE_ACCESS; USAGE for `-` */
export async function checkReplaceable({ name, path, mark, option }: ReportFile): Promise<void> {
  if (name === "-") {
    throw new FotaError("USAGE", `${option} names a file, got "-"`, { hint: `write ${option} report.html` });
  }
  const start = await readStart(path).catch((cause: unknown) => {
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: PATH_HINT,
      cause,
    });
  });
  if (start === undefined || start === "" || mark.test(start)) return;
  throw new FotaError("FILE_ACCESS", `${name} exists and is no report; it was not replaced`, {
    hint: `give another name to ${option}, or remove the file`,
  });
}

/** Writes the whole file or nothing. @throws {FotaError} FILE_ACCESS */
export async function writeReportFile({ name, path }: ReportFile, text: string): Promise<void> {
  await writeWholeFile(path, text, { replace: true }).catch((cause: unknown) => {
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: PATH_HINT,
      cause,
    });
  });
}

/** Returns the start of a file; `undefined` if there is none. */
async function readStart(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // To open a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw new Error("it is not a file");
    file = await open(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
