/** Checks that a store belongs to its `--dir` folder. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { messageOf } from "@fota/shared";
import { checkMissing, checkOwner, type FolderOwner } from "../folder/folder-identity.js";
import { type Folders, syncFolder } from "./folders.js";
import { damagedFile, readRecord, replaceRecord } from "./record-file.js";

const OWNER_FILE = "store.json";

/** @throws {FotaError} LOCAL_DIR_INVALID if the store or one of its folders is missing, or belongs to another folder */
export async function checkStoreOwner(folders: Folders, dir: string, owner: FolderOwner): Promise<void> {
  const path = join(dir, OWNER_FILE);
  const names = await listNames(dir);
  if (!names.includes(OWNER_FILE)) {
    checkMissing(path, owner);
    return;
  }
  const { folder } = await readRecord<{ folder: string }>(folders, path, OWNER_FILE, () => OWNER_FILE);
  checkOwner(path, folder, owner);
  for (const part of [folders.buckets, folders.uploads]) {
    if (!names.includes(basename(part))) checkMissing(part, owner);
  }
}

export async function recordStoreOwner(folders: Folders, dir: string, owner: FolderOwner): Promise<void> {
  const path = join(dir, OWNER_FILE);
  if ((await listNames(dir)).includes(OWNER_FILE)) return;
  await replaceRecord(folders, path, { folder: owner.id });
  await syncFolder(folders, dir);
}

async function listNames(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw damagedFile(dir, messageOf(error));
  }
}
