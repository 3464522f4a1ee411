import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Slots } from "../src/core/ports.js";
import { raucSlots } from "../src/node/rauc-slots.js";
import type { InstallerKey } from "./installer-key.js";

const run = promisify(execFile);

const hasTools = ["rauc", "grub-editenv", "dbus-daemon", "mksquashfs"].every(
  (tool) => spawnSync(tool, ["--version"]).error === undefined,
);

/** Why the tests of RAUC cannot run here; `undefined` if they can. */
export const raucMissing = !hasTools
  ? "Debian: rauc, grub-common, dbus, squashfs-tools"
  : process.geteuid?.() !== 0
    ? "this user is not root, and RAUC mounts bundles"
    : undefined;

const BOOTNAMES = ["A", "B"] as const;

/** A bus for RAUC's service, in place of the system's. */
export class Bus {
  readonly address: string;
  readonly #daemon: ChildProcess;

  private constructor(address: string, daemon: ChildProcess) {
    this.address = address;
    this.#daemon = daemon;
  }

  static async start(folder: string): Promise<Bus> {
    const address = `unix:path=${join(folder, "bus")}`;
    const args = ["--session", "--nofork", `--address=${address}`, "--print-address=1"];
    const daemon = spawn("dbus-daemon", args, { stdio: ["ignore", "pipe", "ignore"] });
    await once(daemon.stdout, "data");
    return new Bus(address, daemon);
  }

  async stop(): Promise<void> {
    this.#daemon.kill();
    await once(this.#daemon, "exit");
  }
}

/** Two slots in files under RAUC's service with its GRUB backend, and the boot script that RAUC ships for GRUB. */
export class RaucDevice {
  readonly dir: string;
  readonly #key: InstallerKey;
  readonly #bus: Bus;
  readonly #rauc = execFileSync("sh", ["-c", "command -v rauc"]).toString().trim();
  #service: ChildProcess | undefined;
  #abandoned: { pid: string; ended: Promise<void> } | undefined;

  private constructor(dir: string, key: InstallerKey, bus: Bus) {
    this.dir = dir;
    this.#key = key;
    this.#bus = bus;
  }

  static async make(key: InstallerKey, bus: Bus): Promise<RaucDevice> {
    const device = new RaucDevice(await mkdtemp(join(tmpdir(), "fota-rauc-")), key, bus);
    const { dir } = device;
    await mkdir(join(dir, "pack"));
    for (const name of BOOTNAMES) {
      await writeFile(device.slotPath(name), "");
      await truncate(device.slotPath(name), 64 * 1024);
    }
    await run("grub-editenv", [device.#grubenv, "create"]);
    await device.setVariables({ ORDER: "A B", A_OK: 1, B_OK: 1, A_TRY: 0, B_TRY: 0 });
    await writeFile(join(dir, "system.conf"), device.#config());
    await device.#writeTools();
    return device;
  }

  /** For `PATH`: a `rauc` that packs a file which is no bundle into one, and installs that by the real RAUC. */
  get path(): string {
    return `${join(this.dir, "tools")}${delimiter}${process.env["PATH"]}`;
  }

  slotPath(bootname: string): string {
    return join(this.dir, `slot-${bootname}`);
  }

  async variables(): Promise<Record<string, string>> {
    const { stdout } = await run("grub-editenv", [this.#grubenv, "list"]);
    const lines = stdout.trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
  }

  async setVariables(variables: Record<string, string | number>): Promise<void> {
    const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await run("grub-editenv", [this.#grubenv, "set", ...settings]);
  }

  /** Boots: the first slot in ORDER that is OK and not being tried, which is tried from now on. Starts the service. */
  async boot(): Promise<void> {
    await this.#stopService();
    const variables = await this.variables();
    const bootname = (variables["ORDER"] ?? "")
      .split(" ")
      .find((name) => variables[`${name}_OK`] === "1" && variables[`${name}_TRY`] === "0");
    if (bootname === undefined) throw new Error("GRUB has no slot to boot");
    await this.setVariables({ [`${bootname}_TRY`]: 1 });
    const args = [`--conf=${join(this.dir, "system.conf")}`, `--override-boot-slot=${bootname}`, "service"];
    this.#service = spawn(this.#rauc, args, { stdio: "ignore", env: this.#env });
    for (let tries = 0; spawnSync(this.#rauc, ["status"], { env: this.#env }).status !== 0; tries += 1) {
      if (tries > 100) throw new Error("RAUC's service does not start");
    }
  }

  /** Environment for processes that talk to RAUC. */
  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.#bus.address };
  }

  slots(): Promise<Slots> {
    return raucSlots({
      dir: join(this.dir, "bundles"),
      slotSizeBytes: 64 * 1024,
      restart: () => this.boot(),
    });
  }

  /** Returns a signed bundle with `image`. */
  async makeBundle(image: Uint8Array): Promise<string> {
    const bundle = join(this.dir, "new.raucb");
    await writeFile(join(this.dir, "image"), image);
    await rm(bundle, { force: true });
    await run(join(this.dir, "tools", "pack"), [join(this.dir, "image"), bundle]);
    return bundle;
  }

  get #grubenv(): string {
    return join(this.dir, "grubenv");
  }

  #config(): string {
    const slots = BOOTNAMES.map(
      (name, i) => `[slot.rootfs.${i}]\ndevice=${this.slotPath(name)}\ntype=raw\nbootname=${name}\n`,
    );
    return `[system]
compatible=board
bootloader=grub
grubenv=${this.#grubenv}
statusfile=${join(this.dir, "status")}
mountprefix=${join(this.dir, "mounts")}
[handlers]
pre-install=${join(this.dir, "tools", "pre-install")}
[keyring]
path=${this.#key.certificate}
${slots.join("")}`;
  }

  async #writeTools(): Promise<void> {
    const tools = join(this.dir, "tools");
    await mkdir(tools);
    const { key, certificate } = this.#key;
    const pack = `#!/bin/sh
set -e
cp "$1" ${this.dir}/pack/image.img
printf '[update]\\ncompatible=board\\nversion=2\\n[image.rootfs]\\nfilename=image.img\\n' > ${this.dir}/pack/manifest.raucm
${this.#rauc} --cert ${certificate} --key ${key} bundle ${this.dir}/pack "$2" >/dev/null 2>&1
`;
    const rauc = `#!/bin/sh
case "$1 $2" in
  "install "*|"status mark-"*) . ${tools}/cut ;;
  *) cut=never ;;
esac
hang() { echo $$ > ${this.dir}/hanging; exec sleep 1000; }
if [ "$cut" = before ]; then hang; fi
if [ "$cut" = after ]; then ${tools}/real-rauc "$@"; hang; fi
exec ${tools}/real-rauc "$@"
`;
    const hold = `#!/bin/sh
while test -e ${this.dir}/hold; do sleep 0.05; done
`;
    const cut = "cut=never\n";
    const real = `#!/bin/sh
if [ "$1" = install ] && ! ${this.#rauc} --keyring=${certificate} info "$2" >/dev/null 2>&1; then
  rm -f ${this.dir}/packed.raucb
  ${tools}/pack "$2" ${this.dir}/packed.raucb || exit
  exec ${this.#rauc} install ${this.dir}/packed.raucb
fi
exec ${this.#rauc} "$@"
`;
    for (const [name, script] of Object.entries({
      pack,
      cut,
      rauc,
      "real-rauc": real,
      "pre-install": hold,
    })) {
      await writeFile(join(tools, name), script);
      await chmod(join(tools, name), 0o755);
    }
  }

  /**
   * Runs `action` and cuts the power before or after its call number `call` of RAUC that changes something: that call
   * never ends, and the action is abandoned. Returns false if the action ended before.
   */
  async cutPower(call: number, point: "before" | "after", action: () => Promise<void>): Promise<boolean> {
    const [count, pid, armed] = ["calls", "hanging", "tools/cut"].map((name) => join(this.dir, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([rm(count, { force: true }), rm(pid, { force: true })]);
    await writeFile(
      armed,
      `echo x >> ${count}; cut=never; if [ $(wc -l < ${count}) = ${call} ]; then cut=${point}; fi\n`,
    );
    const watcher = watch(this.dir);
    const off = new Promise<true>((resolve) => {
      watcher.on("change", (_event, name) => name === "hanging" && resolve(true));
    });
    const ended = action();
    const isCut = await Promise.race([off, ended.then(() => false)]);
    watcher.close();
    await writeFile(armed, "cut=never\n");
    if (isCut) this.#abandoned = { pid, ended };
    return isCut;
  }

  async #stopService(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    if (service === undefined || service.exitCode !== null) return;
    service.kill("SIGKILL");
    await once(service, "exit");
  }

  async dispose(): Promise<void> {
    await this.#stopService();
    if (this.#abandoned !== undefined) {
      process.kill(Number(await readFile(this.#abandoned.pid, "utf8")), "SIGKILL");
      await this.#abandoned.ended.catch(() => {});
    }
    await rm(this.dir, { recursive: true });
  }
}
