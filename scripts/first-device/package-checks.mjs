// What docs/first-device.md promises of the package, apart from its commands.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const UNITS = ["fota-agent", "fota-boot"];
const DEFAULTS = "etc/default/fota-agent";
const EDITED = "FOTA_AGENT_LOG_LEVEL=debug\n";

/** Returns checks on a device with the package `file`, which is a path on this machine. */
export function packageChecks(device, file, folder) {
  const on = (path) => join(device.folder, path);
  const install = (path) => {
    const name = basename(path);
    run("cp", [path, on(`root/${name}`)]);
    // As on a device in the field, nobody answers a question.
    return device.run("apt-get", "install", "--yes", "--allow-downgrades", `/root/${name}`);
  };
  const pidOf = (unit) => device.run("systemctl", "show", "--property=MainPID", "--value", unit).trim();
  return {
    refuses(other) {
      try {
        install(other);
      } catch (error) {
        if (/Depends: nodejs \(>= 20/.test(error.message)) return;
        throw error;
      }
      throw new Error("apt installed it");
    },

    async restarts() {
      await device.restart();
      for (const unit of UNITS) equal(device.run("systemctl", "is-active", unit).trim(), "active");
      const { version, slot, boot } = JSON.parse(device.run("fota-agent", "status", "--json"));
      equal({ version, slot, boot }, { version: "1.1.0", slot: 1, boot: "confirmed" });
    },

    upgrades() {
      writeFileSync(on(DEFAULTS), EDITED);
      const identity = readdirSync(on("etc/fota")).map((name) => [name, readOr(on(`etc/fota/${name}`))]);
      const before = UNITS.map(pidOf);
      install(nextVersionOf(file, folder));
      const after = UNITS.map(pidOf);
      equal(
        device.run("dpkg-query", "--show", "--showformat=${Version}", "fota-agent").endsWith("+next"),
        true,
      );
      equal(readFileSync(on(DEFAULTS), "utf8"), EDITED);
      equal(
        readdirSync(on("etc/fota")).map((name) => [name, readOr(on(`etc/fota/${name}`))]),
        identity,
      );
      equal([after[0] !== before[0], after[1] === before[1]], [true, true]);
      device.run("systemctl", "is-active", ...UNITS);
    },

    isPurged() {
      equal(existsSync(on(DEFAULTS)), false);
      equal(existsSync(on("usr/bin/fota-agent")), false);
      equal(existsSync(on("etc/fota/key.pem")), true);
      equal(existsSync(on("var/lib/fota/slot-1")), true);
      equal(enabledLinks(on), []);
      equal(device.run("systemctl", "list-units", "--plain", "--no-legend", "fota-*").trim(), "");
    },

    purgesAll() {
      for (const path of ["etc/fota", "var/lib/fota"]) rmSync(on(path), { recursive: true });
      install(file);
      mkdirSync(on("var/lib/fota"), { recursive: true });
      writeFileSync(on("var/lib/fota/fota-state.json"), "{}");
      device.run("apt-get", "purge", "--yes", "fota-agent");
      const left = ["etc/fota", DEFAULTS, "var/lib/fota", "usr/share/fota-agent", "usr/lib/fota-agent"];
      equal(
        left.filter((path) => existsSync(on(path))),
        [],
      );
    },
  };
}

/** Makes a package with the same content and a higher version. Returns its path. */
function nextVersionOf(file, folder) {
  const [tree, next] = [join(folder, "next"), join(folder, basename(file).replace(/_([^_]*)_/, "_$1+next_"))];
  run("dpkg-deb", ["--raw-extract", file, tree]);
  const control = join(tree, "DEBIAN/control");
  writeFileSync(control, readFileSync(control, "utf8").replace(/^(Version: .*)$/m, "$1+next"));
  run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, next]);
  return next;
}

function enabledLinks(on) {
  const folder = on("etc/systemd/system/multi-user.target.wants");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("fota-")) : [];
}

/** Returns the content of a file, and that of a folder as its names. */
function readOr(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return readdirSync(path).join();
  }
}

function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? stderr}`);
}

function equal(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}
