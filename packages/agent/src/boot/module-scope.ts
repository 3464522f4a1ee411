import { join } from "node:path";
import { replaceDurably } from "./durable-files.js";
import { readSmallFile } from "./small-file.js";

const FILE_MAX_BYTES = 1024 * 1024;

/**
 * Makes the module system of an image in JavaScript independent of the folders above `dir`, by a `package.json` without
 * a `type`. Node.js asks the nearest one how to run a file without an extension (Node.js documentation, "Determining
 * module system"); below `"type": "commonjs"`, which `npm init` writes, an ES module ends at once, with exit code 0 and
 * no output. Keeps a `package.json` that Node.js can read. Durable when it resolves; a power cut leaves no partial file.
 * Never throws: a device boots even if its disk is full or read-only, and most images do not need the file.
 */
export async function isolateModules(dir: string): Promise<void> {
  const path = join(dir, "package.json");
  if (await isReadable(path)) return;
  await replaceDurably(dir, path, 0o644, (handle) => handle.writeFile("{}\n")).catch(() => {});
}

async function isReadable(path: string): Promise<boolean> {
  try {
    JSON.parse(await readSmallFile(path, FILE_MAX_BYTES));
    return true;
  } catch {
    return false;
  }
}
