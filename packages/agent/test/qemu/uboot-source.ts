import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Downloads and unpacks the source of Debian's package `u-boot` into `dir` with apt, and returns the folder of the
 * source. Uses the Debian archives that this machine installs packages from, and changes nothing in its settings.
 */
export async function fetchUbootSource(dir: string): Promise<string> {
  const [lists, parts] = [join(dir, "lists"), join(dir, "sources")];
  await Promise.all([mkdir(lists, { recursive: true }), mkdir(parts, { recursive: true })]);
  const format = "$(ORIGIN) deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const archives = stdout.split("\n").filter((line) => line.startsWith("Debian "));
  const entries = archives.map((line) => `${line.slice("Debian ".length)}\n`);
  await writeFile(join(parts, "archives.list"), entries.join(""));
  const options = [
    "Dir::Etc::SourceList=/dev/null",
    `Dir::Etc::SourceParts=${parts}`,
    `Dir::State::Lists=${lists}`,
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...options, "update"]);
  await run("apt-get", [...options, "source", "--download-only", "u-boot"], { cwd: dir });
  const archive = (await readdir(dir)).find((name) => name.includes(".orig.tar."));
  if (archive === undefined) throw new Error("apt-get source brought no source of U-Boot");
  const source = join(dir, "source");
  await mkdir(source);
  await run("tar", ["-xf", archive, "-C", source, "--strip-components=1"], { cwd: dir });
  return source;
}
