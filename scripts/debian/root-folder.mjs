// Makes root folders of Debian by debootstrap, from the mirror in DEBIAN_MIRROR or the one that apt of this machine uses.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const PACKAGES = ["systemd", "systemd-sysv", "dbus", "sudo"];

/**
 * Copies a fresh Debian into a folder. The first call for a release makes it by debootstrap, about a minute, and keeps
 * it in the user's cache for the next ones.
 * @param suite codename of the release
 * @param folder must not exist
 * @throws if debootstrap fails, or apt of this machine has no source of the release
 */
export function copyDebian(suite, folder) {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const kept = join(caches, "fota-tests", ["debian", suite, ...PACKAGES].join("-"));
  if (!existsSync(kept)) {
    const unfinished = `${kept}.${process.pid}`;
    mkdirSync(dirname(kept), { recursive: true });
    try {
      const include = `--include=${PACKAGES.join(",")}`;
      run("debootstrap", ["--variant=minbase", include, suite, unfinished, mirrorOf(suite)]);
      renameSync(unfinished, kept);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  run("cp", ["--archive", "--reflink=auto", kept, folder]);
}

/** Returns the address of the mirror: of this release or else of any, because mirrors have all releases. */
function mirrorOf(suite) {
  const sites = (...filters) =>
    run("apt-get", ["indextargets", "--format", "$(SITE)", "Label: Debian", ...filters]).split("\n");
  if (process.env.DEBIAN_MIRROR) return process.env.DEBIAN_MIRROR;
  const [mirror] = [...sites(`Codename: ${suite}`), ...sites()].filter((line) => line !== "");
  if (mirror === undefined) throw new Error("apt of this machine has no mirror of Debian: set DEBIAN_MIRROR");
  return mirror;
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? `${stdout}${stderr}`}`);
  return stdout;
}
