import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError, isFotaError, makeFolders } from "@fota/shared";
import { readBootRecord, writeBootRecord } from "./boot-record.js";
import { folderExists } from "./choose-boot.js";
import { fillSlot } from "./fill-slot.js";
import { lockFolder } from "./folder-lock.js";
import { digestImage } from "./image-digest.js";
import { isolateModules } from "./module-scope.js";
import { confirmSlot } from "./next-boot.js";
import { slotPath } from "./slot-files.js";
import { errnoOf, storageError } from "./storage-error.js";

const FRESH = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };

/**
 * Copies a first image into slot 0 and then writes the boot record, so that the folder boots. Follows a slot that is a
 * link to a partition or to another disk. With `force`, replaces an existing or unreadable record. Returns the size of
 * the image in bytes.
 * @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_EMPTY, IMAGE_UNREADABLE, DEVICE_BUSY, SLOT_ACCESS; USAGE if a record
 * exists
 */
export async function installFirstImage(dir: string, image: string, force: boolean): Promise<number> {
  const { size } = await imageStat(image);
  await folderExists(dir);
  try {
    await makeFolders(dir, { mkdir, dirname });
  } catch (error) {
    throw storageError("SLOT_ACCESS", "cannot create the slot folder", dir, error);
  }
  await lockFolder(dir, "fota-boot");
  if (!force && (await readBootRecord(dir)) !== undefined) {
    throw new FotaError("USAGE", `${dir} already has a boot record`, {
      hint: "publish an update to the device, or add --force to start over with this image",
    });
  }
  try {
    await fillSlot(slotPath(dir, 0), image, size);
  } catch (error) {
    if (isFotaError(error)) throw error;
    throw storageError("SLOT_ACCESS", "cannot install the image", slotPath(dir, 0), error);
  }
  await isolateModules(dir);
  await writeBootRecord(dir, confirmSlot(FRESH, 0, await digestImage(dir, 0)));
  return size;
}

async function imageStat(image: string): Promise<{ size: number }> {
  try {
    const found = await stat(image);
    if (!found.isFile()) throw new FotaError("IMAGE_UNREADABLE", `${image} is not a file`);
    if (found.size === 0) throw new FotaError("IMAGE_EMPTY", `${image} is empty`);
    return found;
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (errnoOf(error) === "ENOENT")
      throw new FotaError("IMAGE_NOT_FOUND", `there is no file ${image}`, { cause: error });
    throw storageError("IMAGE_UNREADABLE", "cannot read the image", image, error);
  }
}
