import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

/** The home folder of a user without one, as in login(1) and containers. */
const NO_HOME = "/";

/**
 * Returns the home folder of the user of this process: HOME, or the system's entry for the user if HOME is unset, empty
 * or not absolute. Always absolute, so that nothing is written to the working folder; `/` for a user id that the system
 * does not know, as in containers and services. Never throws.
 */
export function homeFolder(): string {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const path = find();
      if (isAbsolute(path)) return path;
    } catch {
      // the system does not know the user
    }
  }
  return NO_HOME;
}

/**
 * Returns the folder for files that can be created again. Ignores a relative XDG_CACHE_HOME, as the XDG specification
 * requires.
 */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, homeDir: string): string {
  const stated = env["XDG_CACHE_HOME"] ?? "";
  return join(isAbsolute(stated) ? stated : join(homeDir, ".cache"), "fota");
}
