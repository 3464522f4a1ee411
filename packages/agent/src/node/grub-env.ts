import { FotaError } from "@fota/shared";
import { writeInPlace } from "../boot/durable-files.js";
import { readSmallFile } from "../boot/small-file.js";
import { errnoOf, storageError } from "../boot/storage-error.js";

/** First line of GRUB's environment block (GRUB manual, "GRUB environment block"). */
const SIGNATURE = "# GRUB Environment Block\n";
/** grub-editenv makes blocks of 1024 bytes. */
const BLOCK_MAX_BYTES = 64 * 1024;
/** The unit that a disk writes completely or not at all, also when the power fails. GRUB relies on it, too. */
const SECTOR_BYTES = 512;

const HINT = "create the block as docs/grub.md describes";

/**
 * Reads all variables of the environment block at `path`.
 * @throws {FotaError} BOOT_RECORD_INVALID if it is missing or not such a block; SLOT_ACCESS if it cannot be read
 */
export async function readGrubEnv(path: string): Promise<Map<string, string>> {
  const lines = (await readBlock(path)).split("\n").filter((line) => /^[^#=]+=/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/**
 * Sets variables that each exist with a value of one character, in one write of one sector, in place. `grub-editenv`
 * empties the file first, so that a power cut can lose it; and a file that was replaced may be out of GRUB's sight until
 * Linux has written back the journal of the file system, which GRUB does not replay. Durable when it resolves.
 * @throws {FotaError} BOOT_RECORD_INVALID if that is not possible with this block; SLOT_ACCESS
 */
export async function writeGrubEnv(path: string, variables: Readonly<Record<string, number>>): Promise<void> {
  const block = Buffer.from(await readBlock(path), "latin1");
  const offsets = Object.entries(variables).map(([name, value]) => {
    const at = findValue(block, name);
    if (at === undefined || !/^\d$/.test(String(value))) {
      throw invalid(`${path} has no variable ${name} with a value of one digit for ${value}`);
    }
    block.write(String(value), at, "latin1");
    return at;
  });
  const sector = Math.floor(Math.min(...offsets) / SECTOR_BYTES);
  if (offsets.some((at) => Math.floor(at / SECTOR_BYTES) !== sector)) {
    throw invalid(`the variables of fota in ${path} are not within one sector of ${SECTOR_BYTES} bytes`);
  }
  await writeSector(
    path,
    sector * SECTOR_BYTES,
    block.subarray(sector * SECTOR_BYTES).subarray(0, SECTOR_BYTES),
  );
}

/** Returns the offset of a value of one character. */
function findValue(block: Buffer, name: string): number | undefined {
  const line = block.indexOf(`\n${name}=`, 0, "latin1");
  const at = line + name.length + 2;
  return line >= 0 && block[at + 1] === 0x0a ? at : undefined;
}

async function readBlock(path: string): Promise<string> {
  let block: string;
  try {
    block = await readSmallFile(path, BLOCK_MAX_BYTES, "latin1");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw invalid(`GRUB's environment block ${path} does not exist`);
    throw storageError("SLOT_ACCESS", "cannot read GRUB's environment block", path, error);
  }
  if (!block.startsWith(SIGNATURE)) throw invalid(`${path} is not an environment block of GRUB`);
  return block;
}

async function writeSector(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  try {
    await writeInPlace(path, offsetBytes, bytes);
  } catch (error) {
    throw storageError("SLOT_ACCESS", "cannot write GRUB's environment block", path, error);
  }
}

function invalid(message: string): FotaError {
  return new FotaError("BOOT_RECORD_INVALID", message, { hint: HINT });
}
