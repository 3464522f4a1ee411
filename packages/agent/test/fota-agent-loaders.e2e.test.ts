import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseRunningSlot } from "../src/node/boot-loader.js";
import { imageOf } from "../src/testing/index.js";
import { startProgram } from "./agent-program.js";
import { GrubDevice, grubMissing } from "./grub-device.js";
import { type InstallerKey, makeInstallerKey } from "./installer-key.js";
import { Bus, RaucDevice, raucMissing } from "./rauc-device.js";
import { canMount } from "./small-disk.js";
import { makeSwu, swupdateMissing } from "./swu-file.js";
import { TrybootDevice } from "./tryboot-device.js";
import { hasUbootTools, UbootDevice } from "./uboot-device.js";
import { hasEfibootmgr, UefiDevice } from "./uefi-device.js";

/** A device under a boot loader, as the configuration of `fota-agent` and its environment describe it. */
interface Device {
  /** What `fota-agent install` gets. */
  image: Uint8Array;
  env?: Record<string, string>;
  prefix?: readonly string[];
  /** Turns the power on, after the agent has asked for it or not. Returns `slots` of the configuration for what boots. */
  boot(): Promise<object>;
}

let dir: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-loaders-"));
  closers.push(() => rm(dir, { recursive: true }));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
});

const image = imageOf(2, 20_000);
const slotSizeBytes = 64 * 1024;
const restarted = () => join(dir, "restarted");
const restartCommand = () => ["touch", restarted()];

function installerKey(): InstallerKey {
  return makeInstallerKey(dir);
}

const kinds: Record<string, { missing: string | undefined; make: () => Promise<Device> }> = {
  uboot: {
    missing: hasUbootTools ? undefined : "Debian: libubootenv-tool",
    async make() {
      const device = await UbootDevice.make();
      closers.push(() => device.dispose());
      const { paths, config: envConfig } = device;
      const options = { type: "uboot", paths, envConfig, slotSizeBytes, restartCommand: restartCommand() };
      return {
        image,
        boot: async () => ({ ...options, runningSlot: parseRunningSlot(await device.boot()) }),
      };
    },
  },
  grub: {
    missing: grubMissing,
    async make() {
      const device = await GrubDevice.make();
      closers.push(() => device.dispose());
      const { paths } = device;
      const boot = async () => {
        const runningSlot = await device.boot();
        const { envFile } = device; // of another mount in each boot
        return { type: "grub", paths, envFile, runningSlot, slotSizeBytes, restartCommand: restartCommand() };
      };
      return { image, boot };
    },
  },
  uefi: {
    missing: hasEfibootmgr ? undefined : "Debian: efibootmgr",
    async make() {
      const device = await UefiDevice.make();
      closers.push(() => device.dispose());
      const { paths } = device;
      const boot = async () => {
        await device.boot();
        return { type: "uefi", paths, slotSizeBytes, restartCommand: restartCommand() };
      };
      return { image, env: { EFIVARFS_PATH: device.variablesPath }, boot };
    },
  },
  tryboot: {
    missing: canMount ? undefined : "this user may not mount file systems",
    async make() {
      const device = await TrybootDevice.make();
      closers.push(() => device.dispose());
      const { paths, autobootFile, bootloaderDir } = device;
      const tools = join(dir, "tools");
      await mkdir(tools);
      await writeFile(join(tools, "reboot"), `#!/bin/sh\necho "$*" > ${restarted()}\n`, { mode: 0o755 });
      const boot = async () => {
        const flag = existsSync(restarted()) ? await readFile(restarted(), "utf8") : "";
        await device.boot(flag === "0 tryboot\n");
        return { type: "tryboot", paths, autobootFile, slotSizeBytes };
      };
      return {
        image,
        env: { PATH: `${tools}${delimiter}${process.env["PATH"]}` },
        prefix: ["unshare", "-m", "sh", "-ec", WITH_DEVICE_TREE, "sh", join(dir, "proc"), bootloaderDir],
        boot,
      };
    },
  },
  rauc: {
    missing: raucMissing,
    async make() {
      const bus = await Bus.start(dir);
      closers.push(() => bus.stop());
      const device = await RaucDevice.make(installerKey(), bus);
      closers.push(() => device.dispose());
      const boot = async () => {
        await device.boot();
        return { type: "rauc", slotSizeBytes, restartCommand: restartCommand() };
      };
      const env = { DBUS_SYSTEM_BUS_ADDRESS: bus.address, PATH: device.path };
      return { image: await readFile(await device.makeBundle(image)), env, boot };
    },
  },
  swupdate: {
    missing: swupdateMissing ?? (hasUbootTools ? undefined : "Debian: libubootenv-tool"),
    async make() {
      const device = await UbootDevice.make();
      closers.push(() => device.dispose());
      await writeFile(device.paths[1] ?? "", "");
      const key = installerKey();
      const args = ["--key", key.certificate, "--hwrevision", "board:1"];
      const boot = async () => {
        const runningSlot = parseRunningSlot(await device.boot());
        const loader = {
          type: "uboot",
          runningSlot,
          envConfig: device.config,
          restartCommand: restartCommand(),
        };
        return { type: "swupdate", loader, arguments: args, slotSizeBytes };
      };
      return { image: makeSwu(dir, key, device.paths, image), env: { TMPDIR: dir }, boot };
    },
  },
};

/** Makes a /proc whose device tree has what a Raspberry Pi's firmware tells, in the folder $2. The real one is at $1. */
const WITH_DEVICE_TREE = `mkdir "$1"
mount --bind /proc "$1"
mount -t tmpfs tmpfs /proc
for entry in "$1"/*; do ln -s "$entry" /proc/; done
rm -f /proc/device-tree
mkdir -p /proc/device-tree/chosen
ln -s "$2" /proc/device-tree/chosen/bootloader
shift 2
exec "$@"`;

for (const [type, { missing, make }] of Object.entries(kinds)) {
  if (missing !== undefined) console.log(`no test of ${type}: ${missing}`);
  test.skipIf(missing !== undefined)(
    `${type}: the program installs, tries and confirms an image by its configuration`,
    async () => {
      const device = await make();
      const [config, file] = [join(dir, "agent.json"), join(dir, "new-image")];
      await writeFile(file, device.image);
      await chmod(file, 0o644);
      const boot = async () => {
        const identity = { endpoint: "localhost", thingName: "pump", cert: "c", key: "k", ca: "a" };
        await writeFile(config, JSON.stringify({ ...identity, slots: await device.boot() }));
      };
      const call = async (...args: string[]) => {
        const stateDir = join(dir, "state");
        const program = startProgram({ boot: { dir: stateDir }, config }, args, device.env, device.prefix);
        const exit = await program.ended;
        await rm(join(dir, "proc"), { recursive: true, force: true });
        return { exit, output: program.output() };
      };
      const status = async () => {
        const { output } = await call("status", "--json");
        const { slot, boot, nextSlot, workingSlot, version } = JSON.parse(output);
        return { slot, boot, nextSlot, workingSlot, version };
      };

      await boot();
      expect(await call("install", file, "--fw-version", "2.0.0")).toEqual({
        exit: 0,
        output: "slot 1 holds the image and boots next, on trial; restarting\n",
      });
      expect(existsSync(restarted())).toBe(true);
      await boot();
      expect(await status()).toEqual({
        slot: 1,
        boot: "trial",
        nextSlot: 1,
        workingSlot: 0,
        version: "2.0.0",
      });
      expect(await call("confirm")).toEqual({ exit: 0, output: "slot 1 is confirmed\n" });
      await rm(restarted());
      await boot();
      expect(await status()).toMatchObject({ slot: 1, boot: "confirmed", workingSlot: 1, version: "2.0.0" });
    },
  );
}
