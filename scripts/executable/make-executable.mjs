// Makes a program one file that needs no Node.js, by Node's single executable applications:
// https://nodejs.org/api/single-executable-applications.html
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { build } from "esbuild";
import { inject } from "postject";
import { bundleOptions } from "../bundle-options.mjs";
import { interruptible } from "../interruptible.mjs";
import { noticesOf, thirdPartyIn } from "../third-party.mjs";
import { readNodeLicense } from "./node-license.mjs";

/** Is the marker that Node looks for in its own binary; the same in every release. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
/** LIEF, which is in postject, warns of this for the notes in Node.js. The executable works: it is run once. */
const HARMLESS = /^warning: Can't find string offset for section name '\.note/;
const { platform, arch, execPath, version } = process;

/**
 * Makes the executable of a program for this platform, with its notices beside it, and runs it once. It replaces an
 * existing one when it is complete; an error, SIGINT or SIGTERM leave nothing behind.
 * @param program `{ name, entry, codeCache, bundle }`: the name of the file, the path of its main module, whether it
 * starts faster by a cache of compiled code (each build of which differs), and options of esbuild
 * @param out folder for the files
 * @returns `{ file, notices, sizeBytes }`
 * @throws if a step fails, with the output of its tool
 */
export async function makeExecutable(program, out) {
  return await interruptible((signal) => make(program, out, signal));
}

async function make({ name, entry, codeCache, bundle = {} }, out, signal) {
  const end = platform === "win32" ? ".exe" : "";
  const base = join(out, `${name}-${platform}-${arch}`);
  const [file, notices] = [`${base}${end}`, `${base}-NOTICES.txt`];
  // In the same folder, so that the executable can be renamed; with its own name, which codesign writes into it.
  const partial = `${base}.partial`;
  const made = join(partial, basename(file));
  const folder = mkdtempSync(join(tmpdir(), "fota-executable-"));
  try {
    // Names without a folder: Node writes the path of the main module into the executable.
    const [main, output] = [`${name}.cjs`, `${name}.blob`];
    const { metafile } = await build({
      ...bundleOptions,
      entryPoints: [entry],
      outfile: join(folder, main),
      metafile: true,
      minify: true,
      format: "cjs",
      // An executable has no import() and no modules beside it, not even the optional ones of ws.
      supported: { "dynamic-import": false },
      define: { "process.env.WS_NO_BUFFER_UTIL": '"1"', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
      logLevel: "error",
      ...bundle,
    });
    const config = { main, output, disableExperimentalSEAWarning: true, useCodeCache: codeCache };
    writeFileSync(join(folder, "sea.json"), JSON.stringify(config));
    run(execPath, ["--experimental-sea-config", "sea.json"], folder);
    await setImmediate(undefined, { signal });
    rmSync(partial, { recursive: true, force: true }); // after kill -9
    mkdirSync(partial, { recursive: true });
    copyNode(made);
    await setImmediate(undefined, { signal });
    await injectQuietly(made, "NODE_SEA_BLOB", readFileSync(join(folder, output)), {
      sentinelFuse: FUSE,
      ...(platform === "darwin" && { machoSegmentName: "NODE_SEA" }),
    });
    if (platform === "darwin") run("codesign", ["--sign", "-", made]);
    run(made, ["--version"]);
    await setImmediate(undefined, { signal });
    writeFileSync(notices, noticesWithNode(thirdPartyIn([metafile])));
    renameSync(made, file);
    return { file, notices, sizeBytes: statSync(file).size };
  } finally {
    for (const each of [partial, folder]) rmSync(each, { recursive: true, force: true });
  }
}

/** Copies the running Node.js, without its debug symbols where `strip` is there: 12 MB less on Linux. */
function copyNode(file) {
  copyFileSync(execPath, file);
  chmodSync(file, 0o755);
  // The change invalidates Node's own signature, and macOS refuses to run a file with an invalid one.
  if (platform === "darwin") run("codesign", ["--remove-signature", file]);
  if (platform === "linux" && spawnSync("strip", ["--version"]).status === 0) run("strip", [file]);
}

/** Calls `inject` of postject without its harmless warnings, which it prints to the console and has no option for. */
async function injectQuietly(...args) {
  const { warn } = console;
  console.warn = (...texts) => {
    if (!HARMLESS.test(texts[0])) warn(...texts);
  };
  try {
    await inject(...args);
  } finally {
    console.warn = warn;
  }
}

function noticesWithNode(packages) {
  const rule = "-".repeat(80);
  return `${noticesOf(packages)}\n${rule}\n\nNode.js ${version}\n\n${readNodeLicense()}\n`;
}

function run(program, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${basename(program)} ${args.join(" ")}: ${error ?? `${stdout}${stderr}`}`);
}
