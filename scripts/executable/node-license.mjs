// Finds the license of the Node.js that runs: an executable contains it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Paths from the folder of the binary: Node's own archives, its Windows archive, NodeSource's package, Debian's. */
const PATHS = ["../LICENSE", "LICENSE", "../share/doc/nodejs/LICENSE", "../share/doc/nodejs/copyright"];

/**
 * Returns the license of Node.js, which names the licenses of what Node.js contains.
 * @throws if the installation has none
 */
export function readNodeLicense(execPath = process.execPath) {
  const paths = PATHS.map((path) => join(dirname(execPath), path));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined)
    throw new Error(`Node.js has no license file at ${paths.join(", ")}: use a Node.js that has one`);
  return readFileSync(found, "utf8").trim();
}
