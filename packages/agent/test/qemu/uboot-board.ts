import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ubootSlots } from "../../src/node/uboot-slots.js";
import { canMount } from "../small-disk.js";
import { hasUbootTools } from "../uboot-device.js";
import type { LoaderBoard } from "./loader-device.js";
import { missingQemu } from "./machine.js";
import { missingAssembler, Payload } from "./payload.js";
import { makeDisk, missingForDisks, SLOT_PARTITIONS, squash, withSlotDevices, writeAt } from "./test-disk.js";
import { anyOrder, changedSectors } from "./torn-states.js";
import { buildUboot, missingForUboot, UBOOT_ENV } from "./uboot-build.js";

const run = promisify(execFile);

const MEMORY_MIB = 128;

/** Returns why U-Boot cannot run here; `undefined` if it can. */
export function ubootMissing(): string | undefined {
  const packages = [
    missingQemu("aarch64"),
    missingAssembler("aarch64"),
    ...missingForUboot(),
    ...missingForDisks(),
    hasUbootTools ? undefined : "libubootenv-tool",
  ].filter((name) => name !== undefined);
  if (packages.length > 0) return `Debian: ${[...new Set(packages)].join(", ")}`;
  return canMount ? undefined : "this user may not use loop devices";
}

/** Returns a board with U-Boot, its environment on an SD card, and the default environment of docs/uboot.md. */
export async function makeUbootBoard(dir: string): Promise<LoaderBoard> {
  const firmware = await buildUboot();
  const [payload, deviceTree] = [await Payload.assemble("aarch64"), await makeDeviceTree()];
  const makeImage: LoaderBoard["makeImage"] = async (label, kernel) => {
    if (kernel === "missing") return await squash({ "boot/board.dtb": deviceTree });
    const image = payload.kernel(label, kernel === "resets" ? "resets" : "hangs");
    if (kernel === "damaged") image.fill(0, 0, 64);
    return await squash({ "boot/Image": image, "boot/board.dtb": deviceTree });
  };
  const diskImage = join(dir, "uboot-disk");
  await makeDisk(diskImage);
  await writeAt(diskImage, SLOT_PARTITIONS[0].offsetBytes, await makeImage("first", "hangs"));
  const [first, second] = UBOOT_ENV.offsetsBytes;
  const size = `0x${UBOOT_ENV.sizeBytes.toString(16)}`; // fw_printenv takes it for hexadecimal
  return {
    name: `U-Boot ${/U-Boot (\d+\.\d+)/.exec(await readFile(firmware, "latin1"))?.[1]}`,
    machine: { arch: "aarch64", memoryMib: MEMORY_MIB, firmware },
    disks: (record) => [{ image: record, bus: "sd" }],
    diskImage,
    recordArea: { offsetBytes: first, sizeBytes: second + UBOOT_ENV.sizeBytes - first },
    tornWrites: (before, after) => anyOrder(changedSectors(before, after)),
    makeImage,
    withSlots: async ({ diskPath, runningSlot }, use) => {
      const envConfig = `${diskPath}.fw_env.config`;
      await writeFile(
        envConfig,
        UBOOT_ENV.offsetsBytes.map((offset) => `${diskPath} ${offset} ${size}\n`).join(""),
      );
      return await withSlotDevices(
        diskPath,
        async (paths) => await use(ubootSlots({ paths, runningSlot, envConfig })),
      );
    },
  };
}

/** The device tree that QEMU would pass to a kernel. */
async function makeDeviceTree(): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), "fota-dtb-"));
  const path = join(dir, "board.dtb");
  const board = ["-M", `virt,dumpdtb=${path}`, "-cpu", "cortex-a53", "-m", String(MEMORY_MIB)];
  await run("qemu-system-aarch64", [...board, "-nodefaults", "-display", "none"]);
  const tree = await readFile(path);
  await rm(dir, { recursive: true });
  return tree;
}
