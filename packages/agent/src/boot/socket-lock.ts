import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type LockResult, takeSocketLock } from "@fota/shared";

/** Takes the lock `purpose` of a folder or a file, as `takeSocketLock` describes. */
export async function takeLock(lockedPath: string, purpose: string): Promise<LockResult> {
  const globals = { Buffer, clearTimeout, performance, process, setTimeout };
  return await takeSocketLock(lockedPath, purpose, { crypto, fs, net, os, path, ...globals });
}
