import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@fota/shared";
import { uefiSlots } from "../../../src/node/uefi-slots.js";
import { docBlock } from "../../doc-block.js";
import { canMount } from "../../small-disk.js";
import { debianFiles, unpackPackage } from "../device/debian-files.js";
import type { DiskArea, LoaderBoard } from "../loader-device.js";
import { Machine, type MachineDisk, type MachineOptions, missingQemu } from "../machine.js";
import { PAYLOAD_LINE } from "../payload.js";
import { makePartitions, missingForDisks, withSlotDevices, writeAt } from "../test-disk.js";
import { runInGuest } from "./guest-shell.js";
import { withGuestTool } from "./guest-tool.js";
import { commandLine, IMAGE_BYTES, makeUefiImage, makeUefiLinux, type UefiLinux } from "./uefi-images.js";

const MIB = 1024 * 1024;
/** The firmware, and its variables as they leave the factory. */
const OVMF = { code: "/usr/share/OVMF/OVMF_CODE.fd", variables: "/usr/share/OVMF/OVMF_VARS.fd" };
/** The partitions of docs/uefi.md: one for the data, then the slots. */
const DATA: DiskArea = { offsetBytes: MIB, sizeBytes: MIB };
const SLOTS: readonly [DiskArea, DiskArea] = [
  { offsetBytes: 2 * MIB, sizeBytes: IMAGE_BYTES },
  { offsetBytes: 2 * MIB + IMAGE_BYTES, sizeBytes: IMAGE_BYTES },
];
const DISK_BYTES = 40 * MIB;

const MACHINE: Omit<MachineOptions, "disks"> = {
  arch: "x86_64",
  memoryMib: 256,
  accelerator: "tcg",
  args: ["-cpu", "max"],
};

/** Returns why such a machine cannot run here; `undefined` if it can. Downloads what it needs. */
export async function uefiMissing(): Promise<string | undefined> {
  if (process.arch !== "x64") return "needs an x86-64 machine, because it runs its efibootmgr";
  const tools = { binutils: "objcopy", mtools: "mformat", efibootmgr: "efibootmgr" };
  const packages = [
    missingQemu("x86_64"),
    ...missingForDisks(),
    existsSync(OVMF.code) ? undefined : "ovmf",
    ...Object.entries(tools).map(([name, tool]) =>
      spawnSync(tool, ["--version"]).error === undefined ? undefined : name,
    ),
  ].filter((name) => name !== undefined);
  if (packages.length > 0) return `Debian: ${packages.join(", ")}`;
  if (!canMount) return "this user may not use loop devices";
  try {
    await debianFiles();
    await unpackPackage("systemd-boot-efi");
    return undefined;
  } catch (error) {
    return `cannot download Debian's kernel: ${messageOf(error)}`;
  }
}

/**
 * Returns a PC whose UEFI firmware boots the slots, set up by the commands of docs/uefi.md. Its record is in the flash
 * of the firmware. The agent's adapter runs on this machine, but its efibootmgr in the PC, on the variables of Linux.
 */
export async function makeUefiBoard(dir: string): Promise<LoaderBoard> {
  const linux = await makeUefiLinux(dir);
  const makeImage: LoaderBoard["makeImage"] = (label, kernel) => makeUefiImage(linux, label, kernel);
  const [variables, slotsImage] = [join(dir, "variables"), join(dir, "slots")];
  await makePartitions(slotsImage, DISK_BYTES, [DATA, ...SLOTS]);
  await writeAt(slotsImage, SLOTS[0].offsetBytes, await makeImage("first", "hangs"));
  await copyFile(OVMF.variables, variables);
  await setUp(linux, variables, slotsImage);
  return {
    name: "OVMF",
    machine: MACHINE,
    disks: (record, device) => disksOf(record, join(device, "slots")),
    diskImage: variables,
    slotsImage,
    recordArea: { offsetBytes: 0, sizeBytes: (await stat(variables)).size },
    makeImage,
    withSlots: ({ dir: device, console }, use) =>
      withSlotDevices(
        join(device, "slots"),
        (paths) =>
          withGuestTool("efibootmgr", console(), device, async () => await use(await uefiSlots({ paths }))),
        SLOTS,
      ),
  };
}

/**
 * Makes the boot entries, with a Linux that the firmware gets from QEMU. Then boots slot 0, because the firmware writes
 * many variables at its first boot, which each test would repeat.
 */
async function setUp(linux: UefiLinux, variables: string, slots: string): Promise<void> {
  const boot = ["-kernel", linux.kernel, "-initrd", linux.initramfs, "-append", commandLine("factory")];
  const machine = new Machine({
    ...MACHINE,
    disks: disksOf(variables, slots),
    args: [...(MACHINE.args ?? []), ...boot],
  });
  try {
    await machine.console.sees(PAYLOAD_LINE);
    const commands = (await docBlock("uefi.md", "sh")).replaceAll("/dev/nvme0n1", "/dev/vda").trim();
    for (const command of commands.split("\n")) {
      const { exitCode, output } = await runInGuest(machine.console, command);
      if (exitCode !== 0) throw new Error(`${command}: ${output}`);
    }
  } finally {
    await machine.cutPower();
  }
  const device = new Machine({ ...MACHINE, disks: disksOf(variables, slots) });
  await device.console.sees(PAYLOAD_LINE).finally(() => device.cutPower());
}

function disksOf(variables: string, slots: string): MachineDisk[] {
  return [
    { image: OVMF.code, bus: "flash", isReadOnly: true },
    { image: variables, bus: "flash" },
    { image: slots, bus: "virtio", isReadOnly: true },
  ];
}
