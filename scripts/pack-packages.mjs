// `npm run pack`: makes the four packages as they are published, in out/. Everything that is tested or published is
// one of these files.
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
      // `publishConfig.exports` takes the place of `exports`, and catalog: and workspace: become versions.
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

/** Removes what an earlier build made of a source that is not there any more: tsc leaves it, and it would be shipped. */
function removeOrphans(folder) {
  const dist = join(folder, "dist");
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    const compiled = /^(.*)\.js$/.exec(path);
    if (compiled === null || existsSync(join(folder, "src", `${compiled[1]}.ts`))) continue;
    for (const end of [".js", ".d.ts"]) rmSync(join(dist, `${compiled[1]}${end}`), { force: true });
  }
}

if (process.argv[1] === import.meta.filename) for (const file of packAll()) console.log(file);
