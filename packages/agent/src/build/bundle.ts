import { createHash, randomUUID } from "node:crypto";
import { chmod, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { FotaError, messageOf, VERSION_MAX_LENGTH, VERSION_PATTERN } from "@fota/shared";
import type { BuildFailure, build } from "esbuild";
import { refuseNativeModules } from "./native-modules.js";

export interface BundleOptions {
  entry: string;
  out: string;
  /** Replaces `process.env.FIRMWARE_VERSION` in the code. */
  version?: string | undefined;
  /** Conditions for the `exports` of packages, besides the usual ones. */
  conditions?: readonly string[] | undefined;
}

export interface Bundle {
  sizeBytes: number;
  md5: string;
  sha256: string;
}

const INTERPRETER = "#!/usr/bin/env node\n";

/**
 * The image is an ES module, so that top-level await works: Node.js recognizes one by its syntax in a file without an
 * extension, from 20.19 and 22.7 on. Dependencies in CommonJS call `require`, and some read `__dirname`.
 */
const BANNER = `import{createRequire as __fotaRequire}from"node:module";import{dirname as __fotaDirname}from"node:path";import{fileURLToPath as __fotaPath}from"node:url";
const require=__fotaRequire(import.meta.url),__filename=__fotaPath(import.meta.url),__dirname=__fotaDirname(__filename);`;

/**
 * Bundles a program and its dependencies into one executable file. The same input gives the same bytes. `out` is
 * replaced in one step, or not at all; if it is a link, the file that it points to.
 * @throws {FotaError} USAGE, VERSION_INVALID, IMAGE_INVALID if the code cannot be bundled, FILE_ACCESS
 */
export async function bundle({ entry, out, version, conditions = [] }: BundleOptions): Promise<Bundle> {
  if (version !== undefined && !(version.length <= VERSION_MAX_LENGTH && VERSION_PATTERN.test(version))) {
    throw new FotaError("VERSION_INVALID", `--version must be a version, got ${JSON.stringify(version)}`, {
      hint: "write 1.4.0 or 1.4.0-rc.1+build7",
    });
  }
  const path = await findReplaceable(out, entry);
  const esbuild = await loadEsbuild(entry);
  const image = await esbuild({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20.19",
    mainFields: ["module", "main"],
    conditions: ["module", ...conditions],
    minify: true,
    keepNames: true, // for stack traces
    lineLimit: 200, // Node.js prints the line of an uncaught error, which would be most of the program
    legalComments: "none",
    logLevel: "silent",
    banner: { js: BANNER },
    plugins: [refuseNativeModules],
    ...(version !== undefined && { define: { "process.env.FIRMWARE_VERSION": JSON.stringify(version) } }),
  }).then(
    ({ outputFiles: [file] }) => Buffer.from(INTERPRETER + (file?.text ?? "").replace(/^#!.*\n/, "")),
    (error: unknown) => {
      throw new FotaError("IMAGE_INVALID", `cannot build ${entry}: ${faultOf(error)}`, { cause: error });
    },
  );
  await replaceExecutable(path, image);
  const digest = (algorithm: string) => createHash(algorithm).update(image).digest("hex");
  return { sizeBytes: image.length, md5: digest("md5"), sha256: digest("sha256") };
}

/** Loads the esbuild of the project that `entry` belongs to: an optional peer, as devices have no use for its 10 MB. */
async function loadEsbuild(entry: string): Promise<typeof build> {
  let path: string;
  try {
    path = createRequire(pathToFileURL(entry)).resolve("esbuild");
  } catch {
    throw new FotaError("USAGE", "building an image needs esbuild, which this project does not have", {
      hint: "run `npm install --save-dev esbuild`",
    });
  }
  const module: { default: { build: typeof build } } = await import(pathToFileURL(path).href);
  return module.default.build;
}

function faultOf(error: unknown): string {
  const errors = (error as Partial<BuildFailure>).errors ?? [];
  if (errors.length === 0) return messageOf(error);
  return errors
    .map(({ text, location }) => (location === null ? text : `${location.file}:${location.line}: ${text}`))
    .join("; ");
}

/**
 * Returns the path of the file to write, behind links. Only a regular file can be replaced: for root, a rename would
 * replace even /dev/null.
 */
async function findReplaceable(out: string, entry: string): Promise<string> {
  const realPathOf = (path: string) => realpath(path).catch(() => undefined);
  const path = await realPathOf(out);
  if (path === undefined) return out;
  if (path === (await realPathOf(entry))) {
    throw new FotaError("USAGE", `--out ${out} is the program itself`, { hint: "give --out another name" });
  }
  if ((await stat(path)).isFile()) return path;
  throw new FotaError("FILE_ACCESS", `${out} exists and is not a regular file`, {
    hint: "give --out the name of a file",
  });
}

async function replaceExecutable(path: string, contents: Uint8Array): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(unfinished, contents);
    await chmod(unfinished, 0o755);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw new FotaError("FILE_ACCESS", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "check the path, its owner and mode, and the free space on its disk",
      cause,
    });
  }
}
