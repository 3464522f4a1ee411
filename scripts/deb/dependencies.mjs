// Works out what a package depends on.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Returns the packages of the libraries that an executable needs, as dpkg-shlibdeps finds them: with the lowest version
 * that has all symbols, not the one of this machine.
 * @throws if dpkg-shlibdeps (package dpkg-dev) is missing, or does not know a library
 */
export function librariesOf(executable) {
  const folder = mkdtempSync(join(tmpdir(), "fota-shlibdeps-"));
  try {
    mkdirSync(join(folder, "debian"));
    writeFileSync(join(folder, "debian/control"), "Source: fota\n\nPackage: fota-agent\nArchitecture: any\n");
    const options = { cwd: folder, encoding: "utf8" };
    const { status, stdout, stderr, error } = spawnSync("dpkg-shlibdeps", ["-O", executable], options);
    if (status !== 0) throw new Error(`dpkg-shlibdeps (package dpkg-dev): ${error ?? stderr}`);
    return stdout.trim().replace("shlibs:Depends=", "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Translates the range of Node.js versions in `engines` for Debian: `^20.19.0 || >=22.12.0` becomes
 * `nodejs (>= 20.19.0), nodejs (<< 21) | nodejs (>= 22.12.0)`.
 * @throws if the range has another form
 */
export function nodejsRange(engines) {
  const [, lowest, major, other] = /^\^((\d+)\.\d+\.\d+) \|\| >=(\d+\.\d+\.\d+)$/.exec(engines) ?? [];
  if (lowest === undefined) throw new Error(`cannot translate the range ${engines} of Node.js for Debian`);
  return `nodejs (>= ${lowest}), nodejs (<< ${Number(major) + 1}) | nodejs (>= ${other})`;
}
