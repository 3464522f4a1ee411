// Makes every script of package.json work in a fresh clone that has only Node.js and npm: gets pnpm and installs.
// Once for each lockfile; a call with nothing to do costs one file read and starts no process.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path) => readFileSync(join(root, path));

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`fota needs Node.js 20.19 or newer; this is ${process.version}`);
  process.exit(1);
}

const pnpm = JSON.parse(read("package.json")).packageManager; // "pnpm@12.21.0"
const wanted = createHash("sha256")
  .update(`${pnpm} ${process.platform} ${process.arch}\n`)
  .update(read("pnpm-lock.yaml"))
  .update(read("pnpm-workspace.yaml"))
  .digest("hex");
const stamp = join(root, "node_modules/.fota-installed");
if (installed() === wanted) process.exit(0);

const args = ["install", "--frozen-lockfile", "--prefer-offline"];
const env = { ...process.env, CI: process.env.CI ?? "true" }; // never prompts
// pnpm must not take this npm script's package for its own.
for (const name of Object.keys(env)) if (/^npm_(package|lifecycle|command)_?/.test(name)) delete env[name];
const shell = process.platform === "win32";

// A pnpm of another version would try to fetch the pinned one itself; npm brings exactly that one.
const found = spawnSync("pnpm", ["--version"], { cwd: root, env, encoding: "utf8", shell });
const onPath = found.status === 0 && `pnpm@${found.stdout.trim()}` === pnpm;
const [command, commandArgs] = onPath ? ["pnpm", args] : ["npm", ["exec", "--yes", "--", pnpm, ...args]];
const { status } = spawnSync(command, commandArgs, { cwd: root, env, stdio: "inherit", shell });
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
