import { type ErrorCode, FotaError, isFotaError, messageOf } from "@fota/shared";

/** Meaning of an errno, and what people can do about it. */
const ERRNO_TEXTS: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  ENOSPC: ["no space left on the disk", "free space on the disk that holds this folder"],
  EDQUOT: [
    "the disk quota is used up",
    "free space, or raise the quota of the user that the firmware runs as",
  ],
  EROFS: [
    "the file system is read-only",
    "mount it read-write, or name it in ReadWritePaths= of the systemd unit; a disk that turned read-only may be failing",
  ],
  EACCES: ["permission denied", "make the user that the firmware runs as the owner of this folder"],
  EPERM: ["operation not permitted", "make the user that the firmware runs as the owner of this folder"],
  ENOENT: ["no such file", "erase the slot before you write to it, and do not move the folder"],
  ETXTBSY: [
    "the file is being executed",
    "check which slot the firmware runs from: the running slot cannot be written",
  ],
  EBUSY: ["the device is in use", "check which slot runs: a mounted device cannot be written"],
  ELOOP: ["the link leads back to itself", "remove the link"],
  ENOTDIR: ["a part of the path is not a folder", "check the path"],
  ENAMETOOLONG: ["the path is too long", "use a shorter path"],
  EIO: ["input/output error", "check the disk: it may be failing"],
};

/**
 * Tells whether an error concerns one file, so that replacing the file may help, and not the whole disk or this
 * process.
 */
export function isFileFault(error: unknown): boolean {
  return !DISK_OR_PROCESS_ERRORS.has(errnoOf(error) ?? "");
}

const DISK_OR_PROCESS_ERRORS = new Set(["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM"]);

/** Returns the errno of a failed system call; `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || isFotaError(error)) return undefined;
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Returns a `FotaError` for a failed system call: `what` failed, the meaning of the errno, the path, and a hint. */
export function storageError(code: ErrorCode, what: string, path: string, cause: unknown): FotaError {
  const errno = errnoOf(cause);
  const text = errno === undefined ? undefined : ERRNO_TEXTS[errno];
  if (text === undefined) return new FotaError(code, `${what}: ${messageOf(cause)}`, { cause });
  const [meaning, slotHint] = text;
  const hint = errno === "ENOENT" && code !== "SLOT_ACCESS" ? "check the path" : slotHint;
  return new FotaError(code, `${what}: ${meaning} (${errno}), ${path}`, { cause, hint });
}
