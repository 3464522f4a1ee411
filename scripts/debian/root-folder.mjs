// Makes root folders of Debian by debootstrap, from the mirror in DEBIAN_MIRROR or the one that apt of this machine uses.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const PACKAGES = ["systemd", "systemd-sysv", "dbus", "sudo"];

/** Returns why there is no Debian of this release, or undefined after it was made, which takes about a minute. */
export function whyNoDebian(suite) {
  const kept = keptFolder(suite);
  if (existsSync(kept)) return undefined;
  const unfinished = `${kept}.${process.pid}`;
  mkdirSync(dirname(kept), { recursive: true });
  try {
    const include = `--include=${PACKAGES.join(",")}`;
    run("debootstrap", ["--variant=minbase", include, suite, unfinished, mirrorOf(suite)]);
    renameSync(unfinished, kept);
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Copies a fresh Debian, which `whyNoDebian` has made, into a folder that must not exist. */
export function copyDebian(suite, folder) {
  run("cp", ["--archive", "--reflink=auto", keptFolder(suite), folder]);
}

/** Returns the folder in the user's cache. */
function keptFolder(suite) {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return join(caches, "fota-tests", ["debian", suite, ...PACKAGES].join("-"));
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
