// Checks whether the bundles of the last build match the current sources, so that a build can be skipped. It compares
// contents, not times: switching to another branch and back builds nothing.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const STAMP = "node_modules/.fota-built";
/** Lists what a build reads, apart from the packages of the lockfile. */
const INPUTS = [
  "packages",
  "scripts",
  "package.json",
  "pnpm-lock.yaml",
  "tsconfig.base.json",
  "tsconfig.json",
];
const NO_INPUT = /^(dist|node_modules|test)$|\.test\.tsx?$|\.tsbuildinfo$/;

/**
 * Returns a digest of everything that a build reads. Compute it before the build, so that a later change is noticed.
 */
export function inputsDigest(root) {
  return digestOf(
    root,
    INPUTS.flatMap((path) => [...filesIn(root, path)]),
  );
}

/** Returns whether the last build had these inputs, and all of its files exist unchanged. */
export function isUpToDate(root, inputs) {
  try {
    const stamp = JSON.parse(readFileSync(join(root, STAMP), "utf8"));
    return stamp.inputs === inputs && stamp.made === digestOf(root, stamp.files);
  } catch {
    return false; // there was no build yet, or one of its files is missing
  }
}

/** Records a finished build that made `files`. */
export function writeStamp(root, inputs, files) {
  const path = join(root, STAMP);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ inputs, made: digestOf(root, files), files }));
}

function digestOf(root, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function* filesIn(root, path) {
  if (statSync(join(root, path)).isFile()) {
    yield path;
    return;
  }
  for (const name of readdirSync(join(root, path)).sort()) {
    if (!NO_INPUT.test(name)) yield* filesIn(root, `${path}/${name}`);
  }
}
