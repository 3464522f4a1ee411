// `npm run executable`: makes the fota command as one file that needs no Node.js, for this platform, in out/. Uses
// Node's single executable applications: https://nodejs.org/api/single-executable-applications.html
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { inject } from "postject";
import { bundleOptions } from "./bundle-options.mjs";
import { OUT } from "./pack-packages.mjs";

/** Is the marker that Node looks for in its own binary; the same in every release. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const { platform, arch, execPath } = process;
const end = platform === "win32" ? ".exe" : "";
const file = join(OUT, `fota-${platform}-${arch}${end}`);

const folder = mkdtempSync(join(tmpdir(), "fota-executable-"));
try {
  const main = join(folder, "fota.cjs");
  const [blob, config] = [join(folder, "fota.blob"), join(folder, "sea.json")];
  await build({
    ...bundleOptions,
    entryPoints: ["packages/cli/src/bin.ts"],
    outfile: main,
    minify: true,
    format: "cjs",
    // An executable has no import() and no modules beside it, not even the optional ones of ws.
    supported: { "dynamic-import": false },
    define: { "process.env.WS_NO_BUFFER_UTIL": '"1"', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
    logLevel: "error",
  });
  writeFileSync(
    config,
    JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }),
  );
  run(execPath, ["--experimental-sea-config", config]);
  mkdirSync(OUT, { recursive: true });
  rmSync(file, { force: true });
  copyFileSync(execPath, file);
  chmodSync(file, 0o755);
  // The change invalidates Node's own signature, and macOS refuses to run a file with an invalid one.
  if (platform === "darwin") run("codesign", ["--remove-signature", file]);
  await inject(file, "NODE_SEA_BLOB", readFileSync(blob), {
    sentinelFuse: FUSE,
    ...(platform === "darwin" && { machoSegmentName: "NODE_SEA" }),
  });
  if (platform === "darwin") run("codesign", ["--sign", "-", file]);
  run(file, ["--version"]);
  console.log(file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? `${stdout}${stderr}`}`);
}
