// `npm run deb`: makes Debian packages of fota-agent in out/: one for the architecture of this machine, which contains
// Node.js, and one for all architectures, which needs the package nodejs. Needs dpkg-dev. The same sources make the same
// bytes. `--fast` compresses less, for tests.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { packageForNodejs, packageWithNode } from "./deb/agent-package.mjs";
import { buildPackage } from "./deb/build-package.mjs";
import { librariesOf } from "./deb/dependencies.mjs";
import { makeExecutable } from "./executable/make-executable.mjs";
import { FOTA_AGENT } from "./executable/programs.mjs";
import { OUT } from "./pack-packages.mjs";
import { root } from "./pnpm.mjs";

/** One thread: the bytes must not depend on the machine. */
const XZ = ["-Zxz", "--threads-max=1"];
const FAST = ["-Zgzip", "-z1"];

/** Makes both packages. Returns their paths: the one with Node.js, then the one for the package nodejs. */
export async function makePackages({ isFast = false } = {}) {
  const epochSeconds = Number(process.env.SOURCE_DATE_EPOCH ?? output("git", ["log", "-1", "--format=%ct"]));
  const architecture = output("dpkg", ["--print-architecture"]);
  const executable = await makeExecutable(FOTA_AGENT, OUT);
  const libraries = librariesOf(executable.file);
  const options = { epochSeconds, compression: isFast ? FAST : XZ };
  const specs = [
    packageWithNode(executable, { architecture, libraries, epochSeconds }),
    packageForNodejs({ epochSeconds }),
  ];
  if (!isFast) console.error("compressing with one thread of xz: about a minute, longer on a busy machine");
  const files = [];
  for (const spec of specs) {
    const { Package, Version, Architecture } = spec.fields;
    const file = join(OUT, `${Package}_${Version}_${Architecture}.deb`);
    await buildPackage(spec, file, options);
    files.push(file);
  }
  return files;
}

function output(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? stderr}`);
  return stdout.trim();
}

if (process.argv[1] === import.meta.filename) {
  const isFast = process.argv.includes("--fast");
  for (const file of await makePackages({ isFast }))
    console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
