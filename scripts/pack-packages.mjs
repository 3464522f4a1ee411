// `npm run pack`: makes the four packages in out/ as they are published. Tests and releases use only these files.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, runPnpm } from "./pnpm.mjs";

export const OUT = join(root, "out");
export const PACKAGES = ["shared", "agent", "local", "cli"];

export function packAll() {
  mkdirSync(OUT, { recursive: true });
  for (const file of readdirSync(OUT)) if (file.endsWith(".tgz")) rmSync(join(OUT, file));
  for (const name of PACKAGES) {
    const folder = join(root, "packages", name);
    removeOrphans(folder);
    const license = join(folder, "LICENSE");
    copyFileSync(join(root, "LICENSE"), license);
    try {
      // pnpm replaces `exports` with `publishConfig.exports`, and catalog: and workspace: with versions.
      const status = runPnpm(["pack", "--pack-destination", OUT, "--silent"], { cwd: folder });
      if (status !== 0) throw new Error(`packing ${name} failed`);
    } finally {
      rmSync(license);
    }
  }
  return readdirSync(OUT)
    .filter((file) => file.endsWith(".tgz"))
    .map((file) => join(OUT, file));
}

/** Removes output of sources that no longer exist: tsc leaves it, and it would be shipped. */
function removeOrphans(folder) {
  const dist = join(folder, "dist");
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    const compiled = /^(.*)\.js$/.exec(path);
    if (compiled === null || existsSync(join(folder, "src", `${compiled[1]}.ts`))) continue;
    for (const end of [".js", ".d.ts"]) rmSync(join(dist, `${compiled[1]}${end}`), { force: true });
  }
}

if (process.argv[1] === import.meta.filename) for (const file of packAll()) console.log(file);
