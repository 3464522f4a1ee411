import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError, isFotaError, makeFolders } from "@fota/shared";
import { readBootRecord, writeBootRecord } from "./boot-record.js";
import { isFolder } from "./choose-boot.js";
import { fillSlot } from "./fill-slot.js";
import { lockFolder } from "./folder-lock.js";
import { imageIn } from "./image-digest.js";
import { confirmSlot } from "./next-boot.js";
import { slotPath } from "./slot-files.js";
import { errnoOf, storageError } from "./storage-error.js";

const FRESH = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };

/**
 * Puts a first image in slot 0 and makes the boot record, so that the folder boots. All or nothing: the record is
 * written last. A slot that is a link to a partition or to another disk stays one. With `force` also over what is there, also over a record that cannot be read. Returns bytes written.
 * @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_EMPTY, IMAGE_UNREADABLE; USAGE when there is a record; DEVICE_BUSY;
 * SLOT_ACCESS
 */
export async function installFirst(dir: string, image: string, force: boolean): Promise<number> {
  const { size } = await imageStat(image);
  await isFolder(dir);
  try {
    await makeFolders(dir, { mkdir, dirname });
  } catch (error) {
    throw storageError("SLOT_ACCESS", "the folder of the slots cannot be made", dir, error);
  }
  await lockFolder(dir, "fota-boot");
  if (!force && (await readBootRecord(dir)) !== undefined) {
    throw new FotaError("USAGE", `${dir} has a boot record already`, {
      hint: "publish an update to it, or add --force to start over with this image",
    });
  }
  try {
    await fillSlot(slotPath(dir, 0), image, size);
  } catch (error) {
    if (isFotaError(error)) throw error;
    throw storageError("SLOT_ACCESS", "the image cannot be installed", slotPath(dir, 0), error);
  }
  await writeBootRecord(dir, confirmSlot(FRESH, 0, await imageIn(dir, 0)));
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
    throw storageError("IMAGE_UNREADABLE", "the image cannot be read", image, error);
  }
}
