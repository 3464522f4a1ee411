/**
 * Checks that the parts of a `--dir` folder belong together. Every part has the folder's id, and `folder.json` records
 * that all parts existed, so a part that is missing or comes from another folder is detected.
 */
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { FotaError, messageOf } from "@fota/shared";

/** What a part of the folder checks when it is opened. */
export interface FolderOwner {
  /** The id that the part must have; a part that an earlier release wrote has none. */
  id: string;
  /** Whether all parts existed before, so that none may be missing. */
  isComplete: boolean;
}

export interface FolderIdentity extends FolderOwner {
  /**
   * Records that every part has been opened; from then on none may be missing. `authorityPem` is the certificate of the
   * folder's certificate authority, whose key must never change.
   *
   * @throws {FotaError} LOCAL_DIR_INVALID if the key has changed
   */
  complete(authorityPem: string): Promise<void>;
}

interface IdentityRecord {
  id: string;
  /** SHA-256 of the authority's public key. Absent until all parts have existed. */
  authority?: string;
}

const FILE = "folder.json";

/**
 * Reads the identity of `dir`, or creates one.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID
 */
export async function openFolderIdentity(dir: string): Promise<FolderIdentity> {
  const path = join(dir, FILE);
  const kept = await readIdentity(path);
  const record = kept ?? { id: randomBytes(16).toString("hex") };
  if (kept === undefined) await writeIdentity(dir, record);
  return {
    id: record.id,
    isComplete: record.authority !== undefined,
    async complete(authorityPem) {
      const key = new X509Certificate(authorityPem).publicKey.export({ type: "spki", format: "der" });
      const authority = createHash("sha256").update(key).digest("hex");
      if (record.authority === authority) return;
      if (record.authority !== undefined) {
        throw invalid(join(dir, "ca"), "its certificate authority does not belong to this folder");
      }
      await writeIdentity(dir, { ...record, authority });
    },
  };
}

/** Throws if `foundId`, the folder id of the part in `path`, is not the id of its folder. */
export function checkOwner(path: string, foundId: string | undefined, owner: FolderOwner | undefined): void {
  if (foundId === undefined || owner === undefined || foundId === owner.id) return;
  throw invalid(path, "it belongs to another folder, or folder.json was removed or replaced");
}

/** Throws if a missing part existed before. */
export function checkMissing(path: string, owner: FolderOwner | undefined): void {
  if (owner?.isComplete) throw invalid(path, "it is missing, but existed before");
}

async function readIdentity(path: string): Promise<IdentityRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw invalid(path, `it cannot be read: ${messageOf(error)}`);
  }
  const [, checksum, json = ""] = /^([0-9a-f]{8}) (\{.*\})\n$/.exec(text) ?? [];
  if (checksum !== computeChecksum(json)) throw invalid(path, "it is damaged");
  return JSON.parse(json);
}

async function writeIdentity(dir: string, record: IdentityRecord): Promise<void> {
  const json = JSON.stringify(record);
  const path = join(dir, FILE);
  const file = await open(`${path}.new`, "w");
  try {
    await file.writeFile(`${computeChecksum(json)} ${json}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function computeChecksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

function invalid(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${path} is not usable: ${why}`, {
    hint: "restore the whole folder from a backup, or start with another --dir; to start empty, remove the folder",
  });
}
