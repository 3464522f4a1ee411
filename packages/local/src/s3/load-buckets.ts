/** Reads the buckets and versions of a store from disk, and names their files. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@fota/shared";
import { checkOwner, type FolderOwner } from "../folder/folder-identity.js";
import { Bucket } from "./bucket.js";
import type { Folders } from "./folders.js";
import { partPath, readPartSeal } from "./part-files.js";
import { damagedFile, readRecord, upgradeSeal } from "./record-file.js";
import {
  type BucketRecord,
  isDeleteMarker,
  type ObjectRecord,
  ownBytesOf,
  type VersionRecord,
} from "./records.js";
import { readSeal } from "./sealed-file.js";

export function objectsFolder(folders: Folders, bucket: string): string {
  return join(folders.buckets, bucket, "objects");
}

export function versionPath(folders: Folders, bucket: string, { key, versionId }: VersionRecord): string {
  const name = createHash("sha256").update(key).digest("hex");
  return join(objectsFolder(folders, bucket), versionId === undefined ? name : `${name}.${versionId}`);
}

export async function loadBuckets(
  folders: Folders,
  owner: FolderOwner | undefined,
): Promise<Map<string, Bucket>> {
  const buckets = new Map<string, Bucket>();
  for (const name of await readdir(folders.buckets)) {
    const path = join(folders.buckets, name, "bucket.json");
    const record = await readRecord<BucketRecord>(folders, path, name, (found) => found.name);
    checkOwner(path, record.folder, owner);
    const bucket = new Bucket(record);
    for (const file of await listFiles(objectsFolder(folders, name))) {
      bucket.add(await loadVersion(folders, name, join(objectsFolder(folders, name), file)));
    }
    buckets.set(name, bucket);
  }
  return buckets;
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw damagedFile(folder, messageOf(error));
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
async function loadVersion(folders: Folders, bucket: string, path: string): Promise<VersionRecord> {
  const seal = await readSeal(path);
  if (seal === undefined) throw damagedFile(path, "it is not a complete object");
  const { sizeBytes, isUnchecked } = seal;
  const version = seal.record as VersionRecord;
  const expectedBytes = isDeleteMarker(version) ? 0 : ownBytesOf(version);
  if (sizeBytes !== expectedBytes) {
    throw damagedFile(path, `it has ${sizeBytes} bytes, but the object has ${expectedBytes}`);
  }
  if (versionPath(folders, bucket, version) !== path)
    throw damagedFile(path, `it contains the object ${version.key}, whose file has another name`);
  if (!isDeleteMarker(version)) await checkParts(folders, version);
  if (isUnchecked) await upgradeSeal(folders, path, seal);
  return version;
}

/** @throws {FotaError} LOCAL_DIR_INVALID if a part of the object is missing, damaged or has another size */
async function checkParts(
  folders: Folders,
  { storedParts, partSizesBytes = [] }: ObjectRecord,
): Promise<void> {
  for (const [index, partNumber] of (storedParts?.partNumbers ?? []).entries()) {
    const path = partPath(folders, storedParts?.uploadId ?? "", partNumber);
    const { sizeBytes } = await readPartSeal(path, String(partNumber));
    if (sizeBytes === partSizesBytes[index]) continue;
    throw damagedFile(path, `it has ${sizeBytes} bytes, but the part has ${partSizesBytes[index]}`);
  }
}
