import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Config } from "../config/schema.js";
import { meteredTools } from "../maintenance/metered.js";
import { slotTools } from "../slots/adapters.js";
import { type Finding, fail, ok } from "./finding.js";

/** Where execvp(3) looks without PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/** Checks that the programs exist which slots and maintenance run: some only at the end of an update. */
export async function checkTools(
  { slots, maintenance }: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding[]> {
  const tools = [...new Set([...slotTools(slots), ...meteredTools(maintenance)])];
  if (tools.length === 0) return [];
  const path = env["PATH"] || DEFAULT_PATH;
  const found = await Promise.all(tools.map((tool) => isExecutable(tool, path)));
  const missing = tools.filter((_, i) => !found[i]);
  if (missing.length === 0) return [ok("tools", tools.join(", "))];
  return missing.map((tool) =>
    tool.includes("/")
      ? fail("tools", `${tool} does not exist, or is not executable`, "check its path in the configuration")
      : fail("tools", `${tool} is not in PATH (${path})`, "install it, or add its folder to PATH"),
  );
}

async function isExecutable(tool: string, path: string): Promise<boolean> {
  const candidates = tool.includes("/") ? [tool] : path.split(delimiter).map((folder) => join(folder, tool));
  const found = await Promise.all(
    candidates.map((candidate) =>
      access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
