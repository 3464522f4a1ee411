import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

/** The home of a user who has none, as login(1) and containers have it. */
const NO_HOME = "/";

/**
 * Finds the home folder of who runs this process: HOME, or what the system knows of the user where HOME is unset, empty
 * or no absolute path. Always absolute, so that nothing lands in the working folder; `/` for a user id that the system
 * does not know, as containers and services have it. Never throws.
 */
export function homeFolder(): string {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const path = find();
      if (isAbsolute(path)) return path;
    } catch {
      // the system knows no such user
    }
  }
  return NO_HOME;
}

/** Returns where this program keeps what can be made again. A relative XDG_CACHE_HOME counts as none, as XDG has it. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, homeDir: string): string {
  const stated = env["XDG_CACHE_HOME"] ?? "";
  return join(isAbsolute(stated) ? stated : join(homeDir, ".cache"), "fota");
}
