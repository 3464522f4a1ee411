import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PROGRAM } from "./agent-program.js";
import { docBlock } from "./doc-block.js";
import { makeInstallerKey } from "./installer-key.js";
import { attachLoop, type LoopDevice } from "./loop-device.js";
import { makeSwu } from "./swu-file.js";
import { canBootSystemd, SystemdMachine } from "./systemd-machine.js";
import { hasUbootTools } from "./uboot-device.js";

const UNITS = join(import.meta.dirname, "../systemd");
const TLS = join(import.meta.dirname, "fixtures/tls");
const PAGE = join(import.meta.dirname, "../../../docs/systemd.md");
const DROP_INS = "/etc/systemd/system/fota-agent.service.d";
const DISK_BYTES = 1024 * 1024;

const exists = (program: string) => spawnSync(program, ["--version"]).error === undefined;

const IMAGE = "a new image";
const IDENTITY = {
  endpoint: "127.0.0.1:1",
  thingName: "pump",
  cert: "cert.pem",
  key: "key.pem",
  ca: "ca.pem",
};
/** Slots of a device that does not restart. */
const RUNNING = { runningSlot: 0, restartCommand: ["touch", "/var/lib/fota/restarted"] };

/** Names in /dev of the machine. */
const DISKS = ["slot-a", "slot-b", "env"];

describe.skipIf(!canBootSystemd)("what the unit and the files of slots/ allow", () => {
  let machine: SystemdMachine;
  const disks: LoopDevice[] = [];

  beforeAll(async () => {
    machine = await SystemdMachine.boot({
      "/etc/systemd/system/fota-agent.service": await readFile(join(UNITS, "fota-agent.service"), "utf8"),
    });
    machine.copy(PROGRAM, "/usr/local/bin/fota-agent");
    for (const [name, file] of Object.entries({ cert: "device", key: "device-key", ca: "ca" })) {
      machine.copy(join(TLS, `${file}.pem`), `/etc/fota/${name}.pem`);
    }
    await shell("chmod 600 /etc/fota/key.pem; mkdir -p /boot/fota /boot/autoboot /data");
    await shell("mount -t tmpfs tmpfs /sys/firmware; mkdir -p /sys/firmware/efi/efivars");
    for (const name of DISKS) {
      const disk = attachLoop(DISK_BYTES);
      if (disk === undefined) continue;
      disks.push(disk);
      const { stdout } = spawnSync("stat", ["--format=%Hr %Lr", disk.path], { encoding: "utf8" });
      await shell(`mknod /dev/${name} b ${stdout}`);
    }
  });
  afterAll(async () => {
    await machine?.stop();
    for (const disk of disks) disk.detach();
  });
  afterEach(async () => {
    await machine.run("systemctl", "stop", "fota-agent");
    await shell(`rm -rf ${DROP_INS} /var/lib/fota/*`);
  });

  async function shell(script: string): Promise<string> {
    return (await machine.run("sh", "-c", script)).output;
  }

  /** Gives the unit these files of slots/, and further settings. */
  async function setUp(files: readonly string[], settings: string): Promise<void> {
    for (const name of files) machine.copy(join(UNITS, `slots/${name}.conf`), `${DROP_INS}/${name}.conf`);
    await machine.write(`${DROP_INS}/zz-test.conf`, `[Service]\nRestart=no\n${settings}\n`);
    await machine.run("systemctl", "daemon-reload");
  }

  /** Runs a shell script in place of the agent. Returns what it prints. */
  async function runInUnit(files: readonly string[], script: string): Promise<string> {
    await machine.write("/script", script);
    const output = "StandardOutput=truncate:/output\nStandardError=truncate:/output";
    await setUp(files, `Type=oneshot\nWatchdogSec=0\nExecStart=\nExecStart=/bin/sh /script\n${output}`);
    const { code, output: text } = await machine.run("systemctl", "start", "fota-agent");
    const printed = await shell("cat /output");
    if (code !== 0) throw new Error(`${text}${printed}`);
    return printed.trim();
  }

  const FOLDERS =
    "/etc/fota /usr/local /root /data /boot /boot/fota /boot/autoboot /sys/firmware/efi/efivars";

  test.each([
    [[], ""],
    [["partitions"], "/dev/env"],
    [["uboot"], "/dev/env"],
    [["grub"], "/boot/fota /dev/env"],
    [["uefi"], "/sys/firmware/efi/efivars /dev/env"],
    [["tryboot"], "/boot/autoboot /dev/env"],
    [["rauc"], ""],
    [["swupdate", "grub"], "/boot/fota /dev/env"],
  ])("%j: beside state folder, /tmp and /run, it can write to: %s", async (files, writable) => {
    const script = `
      for folder in /var/lib/fota /run/fota /tmp; do touch $folder/probe || echo cannot write to $folder; done
      for folder in ${FOLDERS}; do touch $folder/probe 2>/dev/null && echo $folder; done
      head -c 512 /dev/zero 2>/dev/null >/dev/env && echo /dev/env
      true`;
    const expected = disks.length === 0 ? writable.replace(/ ?\/dev\/env/, "") : writable;
    expect((await runInUnit(files, script)).replaceAll("\n", " ")).toBe(expected);
  });

  test("only with the file for swupdate, it can mount, and make files of other users", async () => {
    const script = `mount -t tmpfs tmpfs /tmp 2>/dev/null && touch /tmp/a && chown 7 /tmp/a 2>/dev/null && echo yes; true`;
    expect(await runInUnit(["uboot"], script)).toBe("");
    expect(await runInUnit(["swupdate", "uboot"], script)).toBe("yes");
  });

  test("a command of systemd-run as on the page has no limits", async ({ skip }) => {
    const { code } = await machine.run("systemctl", "start", "dbus.service");
    skip(code !== 0, "this machine has no D-Bus");
    const [, line = ""] = /`(systemd-run [^`]*) \/usr/.exec(await readFile(PAGE, "utf8")) ?? [];
    expect(
      await runInUnit([], `touch /data/outside 2>/dev/null || ${line} touch /data/outside; ls /data`),
    ).toBe("outside");
  });

  const PATHS = { paths: ["/dev/slot-a", "/dev/slot-b"] };
  const SWUPDATE = { type: "swupdate", arguments: ["--key", "/installer.pem", "--hwrevision", "board:1"] };

  test.for([
    { files: ["uboot"], slots: { type: "uboot", ...PATHS, ...RUNNING }, hasTools: hasUbootTools },
    { files: ["grub"], slots: { type: "grub", ...PATHS, ...RUNNING }, hasTools: exists("grub-editenv") },
    {
      files: ["swupdate", "uboot"],
      slots: { ...SWUPDATE, loader: { type: "uboot", ...RUNNING } },
      hasTools: hasUbootTools && exists("swupdate"),
    },
  ])("with $files, the agent writes slot and boot loader", async ({ files, slots, hasTools }, { skip }) => {
    skip(!hasTools, `the tools of ${files} are missing`);
    skip(disks.length < DISKS.length, "this user may not attach loop devices");
    await machine.write("/etc/fw_env.config", "/dev/env 0x0 0x4000\n/dev/env 0x4000 0x4000\n");
    await machine.write("/default-env", await docBlock("uboot.md", "uboot-env"));
    await machine.write("/no-env", "");
    await shell("dd if=/dev/zero of=/dev/env bs=32k count=1; fw_setenv -f /no-env -s /default-env");
    await shell(await docBlock("grub.md", "sh"));
    await shell("head -c 11 /dev/zero > /dev/slot-b");
    await machine.write("/etc/fota/agent.json", JSON.stringify({ ...IDENTITY, slots }));
    if (files.includes("swupdate")) makeBundle();
    else await machine.write("/image", IMAGE);
    await setUp(files, "");
    await machine.run("systemctl", "start", "fota-agent");
    expect((await machine.run("fota-agent", "install", "/image")).output).toBe(
      "slot 1 holds the image and boots next, on trial; restarting\n",
    );
    expect(await shell(`head -c ${IMAGE.length} /dev/slot-b`)).toBe(IMAGE);
    const record = files.includes("grub")
      ? await shell("cat /boot/fota/fota.env")
      : await shell("fw_printenv");
    expect(record).toMatch(/^fota_current=1$/m);
    expect(await shell("ls /var/lib/fota")).toMatch(/restarted/);
  });

  /** Makes a file for SWUpdate, and the certificate that it is checked with. */
  function makeBundle(): void {
    const folder = mkdtempSync(join(tmpdir(), "fota-swu-"));
    const key = makeInstallerKey(folder);
    writeFileSync(machine.path("/image"), makeSwu(folder, key, PATHS.paths, Buffer.from(IMAGE)));
    machine.copy(key.certificate, "/installer.pem");
    rmSync(folder, { recursive: true });
  }

  test("it can restart the device, also with an argument for the firmware", async () => {
    // If the argument cannot be left for systemd, `reboot` fails and restarts nothing.
    void runInUnit(["tryboot"], 'reboot "0 tryboot" && sleep 60').catch(() => {});
    await machine.ended;
  });
});
