import { readFile } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";

/** Reads the CA of the stand-in, in PEM. @throws {FotaError} LOCAL_NOT_RUNNING when its file is not on this machine */
export async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FotaError("LOCAL_NOT_RUNNING", `cannot read the CA of \`fota local\`: ${messageOf(error)}`, {
      hint: "run this command on the machine of `fota local`",
      cause: error,
    });
  }
}
