import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {
  isSocketLocked,
  type LockResult,
  type LockTools,
  takeSocketLock,
  withSocketPath as withShortPath,
} from "@fota/shared";

/** Takes the lock `purpose` of a folder or a file, as `takeSocketLock` describes. */
export async function takeLock(lockedPath: string, purpose: string): Promise<LockResult> {
  return await takeSocketLock(lockedPath, purpose, tools());
}

/** Tells whether another process holds the lock `purpose`, as `isSocketLocked` describes. */
export async function isLocked(lockedPath: string, purpose: string): Promise<boolean> {
  return await isSocketLocked(lockedPath, purpose, tools());
}

/** Calls `use` with a path of the socket `name` in `folder` that is short enough for a socket address. */
export async function withSocketPath<T>(
  folder: string,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  return await withShortPath(folder, name, tools(), use);
}

/** Reads the globals at each call: tests replace them. */
function tools(): LockTools {
  return { crypto, fs, net, os, path, Buffer, clearTimeout, performance, process, setTimeout };
}
