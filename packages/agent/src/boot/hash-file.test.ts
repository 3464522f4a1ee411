import { createHash } from "node:crypto";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashFile } from "./hash-file.js";

const IMAGE = Buffer.from(Array.from({ length: 600_001 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const digestOf = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-hash-file-"));
  path = join(dir, "image");
  await writeFile(path, IMAGE);
});

afterEach(() => rm(dir, { recursive: true }));

test.each([
  { what: "all bytes, in several reads", sizeBytes: IMAGE.length, hashedBytes: IMAGE.length },
  { what: "no more than asked for", sizeBytes: 300_000, hashedBytes: 300_000 },
  { what: "what a shorter file has", sizeBytes: IMAGE.length + 1, hashedBytes: IMAGE.length },
  { what: "the whole file without a limit", sizeBytes: Number.POSITIVE_INFINITY, hashedBytes: IMAGE.length },
  { what: "nothing of no bytes", sizeBytes: 0, hashedBytes: 0 },
])("every hash gets $what", async ({ sizeBytes, hashedBytes }) => {
  const handle = await open(path, "r");
  const hashes = [createHash("md5"), createHash("sha256")];
  expect(await hashFile(handle, sizeBytes, hashes)).toBe(hashedBytes);
  await handle.close();
  const hashed = IMAGE.subarray(0, hashedBytes);
  expect(hashes.map((hash) => hash.digest("hex"))).toEqual([
    digestOf("md5", hashed),
    digestOf("sha256", hashed),
  ]);
});
