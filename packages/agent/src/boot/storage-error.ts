import { type ErrorCode, FotaError, messageOf } from "@fota/shared";

/** What people can do about a disk that refuses, by errno. */
const ADVICE: Readonly<Record<string, readonly [words: string, hint: string]>> = {
  ENOSPC: ["no space left on the disk", "free space on the disk that holds this folder"],
  EDQUOT: [
    "the disk quota is used up",
    "free space, or raise the quota of the user that the firmware runs as",
  ],
  EROFS: ["the file system is read-only", "mount it read-write; a disk that turned read-only may be failing"],
  EACCES: ["permission denied", "the user that the firmware runs as must own this folder"],
  EPERM: ["operation not permitted", "the user that the firmware runs as must own this folder"],
  ENOENT: ["no such file", "erase the slot before writing to it, and keep the folder where it was"],
  ETXTBSY: [
    "the file is being executed",
    "a slot that runs is never written; check which slot the firmware runs from",
  ],
  EBUSY: ["the device is in use", "a device that is mounted is never written; check which slot runs"],
  ELOOP: ["the link leads back to itself", "remove the link"],
  ENOTDIR: ["a part of the path is not a folder", "check the path"],
  ENAMETOOLONG: ["the path is too long", "give a shorter one"],
  EIO: ["input/output error", "the disk may be failing"],
};

/**
 * Returns whether a refusal is about the file itself, so that another one in its place helps: not about the whole disk
 * or this process.
 */
export function isAboutTheFile(error: unknown): boolean {
  return !NOT_THE_FILE.has(errnoOf(error) ?? "");
}

const NOT_THE_FILE = new Set(["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM"]);

/** The errno of a failed system call, `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** A refusal of the disk as a `FotaError`: what was being done, the errno in words, and what to do about it. */
export function storageError(code: ErrorCode, doing: string, path: string, cause: unknown): FotaError {
  const errno = errnoOf(cause);
  const advice = errno === undefined ? undefined : ADVICE[errno];
  if (advice === undefined) return new FotaError(code, `${doing}: ${messageOf(cause)}`, { cause });
  return new FotaError(code, `${doing}: ${advice[0]} (${errno}), ${path}`, { cause, hint: advice[1] });
}
