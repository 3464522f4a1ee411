import { FotaError, isFotaError, messageOf } from "@fota/shared";
import type { Context } from "../context.js";
import { createFilledFile } from "../files/whole-file.js";
import { type ImageFile, readImageFile } from "../image/image-file.js";
import { byteCounter } from "../terminal/byte-counter.js";

/** Reads an image for a patch, with progress. @throws {FotaError} the errors of image files */
export async function readDeltaImage({ host, output }: Context, path: string): Promise<ImageFile> {
  const { cwd, signal } = host;
  const what = `reading ${path}`;
  return await output.during(what, (progress) =>
    readImageFile(
      { path, slot: undefined },
      { cwd, signal, inParts: false, onBytes: byteCounter(progress, what) },
    ),
  );
}

/** Creates a file whole or not at all. @throws {FotaError} FILE_ACCESS, and what `fill` throws */
export async function createNewFile<T>(
  path: string,
  name: string,
  fill: (path: string) => Promise<T>,
): Promise<T> {
  return await createFilledFile(path, fill).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
      throw new FotaError("FILE_ACCESS", `${name} exists; it was not replaced`, {
        hint: "give another name to --out, or remove the file",
      });
    }
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode, and the free space on its disk",
      cause,
    });
  });
}

/** Returns what reads the patch, with errors that name it. */
export async function onPatch<T>(name: string, read: Promise<T>): Promise<T> {
  return await read.catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("FILE_ACCESS", `cannot read ${name}: ${messageOf(cause)}`, {
      hint: "give a file that `fota delta make` wrote",
      cause,
    });
  });
}
