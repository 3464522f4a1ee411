import { spawn } from "node:child_process";
import { once } from "node:events";

/** Opens a URL in the user's browser. Rejects if there is no program for it. */
export async function openBrowser(url: string): Promise<void> {
  const [file, ...args] = commandFor(process.platform, url);
  const child = spawn(file, args, { stdio: "ignore", detached: true });
  await once(child, "spawn");
  child.unref();
}

function commandFor(platform: NodeJS.Platform, url: string): [string, ...string[]] {
  if (platform === "darwin") return ["open", url];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler", url];
  return ["xdg-open", url];
}
