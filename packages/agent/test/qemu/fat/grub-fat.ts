import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SavedBootRecord } from "../../../src/boot/boot-record.js";
import { loaderSlots } from "../../../src/node/boot-loader.js";
import { grubLoader } from "../../../src/node/grub-slots.js";
import type { BootFileSystem } from "../grub-board.js";
import { BOOT_PARTITION, readArea, withSlotDevices, writeAt } from "../test-disk.js";
import { anyOrder, changedSectors } from "../torn-states.js";
import type { FatLinux } from "./fat-linux.js";

const run = promisify(execFile);

/**
 * Returns FAT as GRUB's boot partition. The adapter's slots are on this machine, but its record is read and written in
 * `linux`, on a copy of the partition, which each write brings back.
 */
export function grubFat(linux: FatLinux): BootFileSystem {
  const { offsetBytes, sizeBytes } = BOOT_PARTITION;
  return {
    name: "FAT",
    async make(partition, folder) {
      await run("mkfs.vfat", [partition]);
      await run("mcopy", ["-s", "-i", partition, `${folder}/fota`, `${folder}/grub`, "::"]);
    },
    async withSlots({ diskPath, runningSlot }, use) {
      const bringBack = async () => await writeAt(diskPath, offsetBytes, linux.disk.read(0, sizeBytes));
      const store = {
        load: async () => await linux.call<SavedBootRecord>({ do: "grub load", runningSlot }),
        async save(record: SavedBootRecord) {
          await linux.call({ do: "grub save", runningSlot, record });
          await bringBack();
        },
      };
      linux.disk.write(0, await readArea(diskPath, BOOT_PARTITION));
      await linux.mount();
      await bringBack(); // Linux marks a file system that it has mounted
      try {
        return await withSlotDevices(diskPath, (paths) =>
          use(loaderSlots({ ...grubLoader({ runningSlot }), store }, { paths })),
        );
      } finally {
        await linux.unmount();
      }
    },
    tornWrites: (before, after) => anyOrder(changedSectors(before, after)),
  };
}
