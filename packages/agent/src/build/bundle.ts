import { createHash } from "node:crypto";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
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

/**
 * The image is an ES module, so that top-level await works: Node.js recognizes one by its syntax in a file without an
 * extension, from 20.19 and 22.7 on. Dependencies in CommonJS call `require`, and some read `__dirname`.
 */
const BANNER = `#!/usr/bin/env node
import{createRequire as __fotaRequire}from"node:module";import{dirname as __fotaDirname}from"node:path";import{fileURLToPath as __fotaPath}from"node:url";
const require=__fotaRequire(import.meta.url),__filename=__fotaPath(import.meta.url),__dirname=__fotaDirname(__filename);`;

/**
 * Bundles a program and its dependencies into one executable file. The same input gives the same bytes. `out` is
 * replaced in one step, or not at all.
 * @throws {FotaError} USAGE, VERSION_INVALID, IMAGE_INVALID if the code cannot be bundled, FILE_ACCESS
 */
export async function bundle({ entry, out, version, conditions = [] }: BundleOptions): Promise<Bundle> {
  if (version !== undefined && !(version.length <= VERSION_MAX_LENGTH && VERSION_PATTERN.test(version))) {
    throw new FotaError("VERSION_INVALID", `--version must be a version, got ${JSON.stringify(version)}`, {
      hint: "write 1.4.0 or 1.4.0-rc.1+build7",
    });
  }
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
    ({ outputFiles: [file] }) => file?.contents ?? new Uint8Array(),
    (error: unknown) => {
      throw new FotaError("IMAGE_INVALID", `cannot build ${entry}: ${faultOf(error)}`, { cause: error });
    },
  );
  await replaceExecutable(out, image);
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

async function replaceExecutable(path: string, contents: Uint8Array): Promise<void> {
  const unfinished = `${path}.new`;
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
