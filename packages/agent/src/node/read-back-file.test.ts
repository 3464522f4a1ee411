import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBackFile } from "./read-back-file.js";

const IMAGE = Buffer.from(Array.from({ length: 3_700_001 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const digestsOf = (bytes: Uint8Array) => ({
  md5: createHash("md5").update(bytes).digest("hex"),
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-read-back-"));
  path = join(dir, "slot-1");
});

afterEach(() => rm(dir, { recursive: true }));

/** Whether this process, threads included, has the file open. */
async function isOpen(): Promise<boolean> {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).includes(path);
}

test("a file is read behind the writes to it; nothing is open afterwards", async () => {
  const file = await open(path, "w+");
  const readBack = readBackFile(path);
  for (let at = 0; at < IMAGE.length; at += 100_000) {
    await file.write(IMAGE, at, Math.min(100_000, IMAGE.length - at), at);
    readBack.advance(Math.min(at + 100_000, IMAGE.length));
  }
  await file.close();
  expect(await readBack.digests()).toEqual(digestsOf(IMAGE));
  expect(await isOpen()).toBe(true);
  await readBack.stop();
  await readBack.stop();
  expect(await isOpen()).toBe(false);
});

test("only what was advanced to is read", async () => {
  await writeFile(path, IMAGE);
  const readBack = readBackFile(path);
  readBack.advance(300_000);
  expect(await readBack.digests()).toEqual(digestsOf(IMAGE.subarray(0, 300_000)));
  await readBack.stop();
});

test("a file that holds fewer bytes gives the digests of what is there", async () => {
  await writeFile(path, IMAGE.subarray(0, 300_000));
  const readBack = readBackFile(path);
  readBack.advance(IMAGE.length);
  expect(await readBack.digests()).toEqual(digestsOf(IMAGE.subarray(0, 300_000)));
  await readBack.stop();
});

test("a file that cannot be read rejects; stopped in the middle it ends", async () => {
  const missing = readBackFile(path);
  await expect(missing.digests()).rejects.toThrow("ENOENT");
  await missing.stop();
  await writeFile(path, IMAGE);
  const readBack = readBackFile(path);
  readBack.advance(IMAGE.length);
  await readBack.stop();
  await expect(readBack.digests()).rejects.toThrow("has ended");
  expect(await isOpen()).toBe(false);
});
