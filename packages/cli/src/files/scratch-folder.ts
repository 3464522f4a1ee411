import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";

/**
 * Gives `use` a function that makes a temporary folder when it is first called, and removes the folder afterwards.
 * A killed process leaves it.
 * @throws {FotaError} FILE_ACCESS from that function
 */
export async function withScratchFolder<T>(use: (folder: () => Promise<string>) => Promise<T>): Promise<T> {
  let made: Promise<string> | undefined;
  const folder = () => {
    made ??= mkdtemp(join(tmpdir(), "fota-")).catch((cause: unknown) => {
      throw new FotaError("FILE_ACCESS", `cannot make a temporary folder: ${messageOf(cause)}`, {
        hint: "set TMPDIR to a folder that you may write to",
        cause,
      });
    });
    return made;
  };
  try {
    return await use(folder);
  } finally {
    const path = await made?.catch(() => undefined);
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }
}
