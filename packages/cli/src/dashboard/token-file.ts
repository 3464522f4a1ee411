import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import { writeWholeFile } from "../files/whole-file.js";

/** A shorter token could be guessed; a name or a word is one. */
const TOKEN = /^[\w.~-]{32,512}$/;
const READABLE_BY_ALL = 0o004;

/**
 * Returns the token in a file; creates the file with a random one, for the owner only, if it does not exist. Other
 * programs, such as Prometheus, read the same file.
 * @param name how the user wrote the path
 * @throws {FotaError} FILE_ACCESS; USAGE for a file that everybody can read, or that holds no long token
 */
export async function tokenInFile(path: string, name: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  try {
    await writeWholeFile(path, `${token}\n`, { mode: 0o600, replace: false });
    return token;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw unusable(name, error);
  }
  const mode = await stat(path).then(
    (found) => found.mode,
    (error: unknown) => Promise.reject(unusable(name, error)),
  );
  if (process.platform !== "win32" && (mode & READABLE_BY_ALL) !== 0) {
    throw new FotaError("USAGE", `every user of this machine can read the token in ${name}`, {
      hint: `run chmod o= ${name}, and write another token into it`,
    });
  }
  const text = await readTextFile(path, "USAGE", name).catch((error: unknown) =>
    Promise.reject(unusable(name, error)),
  );
  if (TOKEN.test(text.trim())) return text.trim();
  throw new FotaError("USAGE", `${name} does not hold a token: 32 to 512 letters, digits and -._~`, {
    hint: "name a file that does not exist: fota creates it with a random token",
  });
}

function unusable(name: string, error: unknown): FotaError {
  if (error instanceof FotaError) return error;
  return new FotaError("FILE_ACCESS", `cannot use ${name}: ${messageOf(error)}`, {
    hint: "check the path, its owner and mode",
    cause: error,
  });
}
