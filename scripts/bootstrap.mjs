// Prepares a fresh clone that has only Node.js and npm, so that every script of package.json works: gets pnpm and
// installs. Runs once per lockfile; a call with nothing to do reads one file and starts no process.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pnpm, root, runPnpm } from "./pnpm.mjs";

const read = (path) => readFileSync(join(root, path));

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || major === 21 || (major === 20 && minor < 19) || (major === 22 && minor < 12)) {
  console.error(`fota needs Node.js (20.19 or 22.12, or newer); this is ${process.version}`);
  process.exit(1);
}

const wanted = createHash("sha256")
  .update(`${pnpm} ${process.platform} ${process.arch}\n`)
  .update(read("pnpm-lock.yaml"))
  .update(read("pnpm-workspace.yaml"))
  .digest("hex");
const stamp = join(root, "node_modules/.fota-installed");
if (installed() === wanted) process.exit(0);

const status = runPnpm(["install", "--frozen-lockfile", "--prefer-offline"]);
if (status !== 0) {
  console.error(`\ninstall failed (exit ${status}). By hand:  npx --yes ${pnpm} install --frozen-lockfile`);
  process.exit(status ?? 1);
}
mkdirSync(dirname(stamp), { recursive: true });
writeFileSync(stamp, wanted);

function installed() {
  try {
    return readFileSync(stamp, "utf8");
  } catch {
    return undefined;
  }
}
