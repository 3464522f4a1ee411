import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readImageFile } from "./image-file.js";

const MIB = 1024 * 1024;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-image-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function read(name: string, content: Buffer | string | object, slot?: number) {
  const isBytes = typeof content === "string" || Buffer.isBuffer(content);
  await writeFile(join(folder, name), isBytes ? content : JSON.stringify(content));
  const options = { cwd: folder, signal: new AbortController().signal, inParts: true, onBytes: () => {} };
  return await readImageFile({ path: name, slot }, options);
}

const ztc = (more: object = {}) => ({
  bcbin: Buffer.from("bytecode").toString("base64"),
  vmbin: "",
  bc_idx: 1,
  bc: "0x1000",
  has_vm: false,
  ...more,
});

test("a raw image is what it is, with all digests", async () => {
  const bytes = randomBytes(3_000);
  const image = await read("app.bin", bytes);
  expect(image).toMatchObject({
    name: "app.bin",
    slot: undefined,
    sizeBytes: 3_000,
    md5: createHash("md5").update(bytes).digest("hex"),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  const buffer = Buffer.alloc(10);
  expect(await image.read(buffer, 2_995)).toBe(5);
  expect(buffer.subarray(0, 5)).toEqual(bytes.subarray(2_995));
});

test("the digests of a large image, hashed in two threads, are those of its bytes", async () => {
  const bytes = Buffer.alloc(40 * MIB + 123_457, randomBytes(1_021));
  const digestOf = (algorithm: string, part: Buffer) => createHash(algorithm).update(part).digest("hex");
  const parts = Array.from({ length: 6 }, (_, i) => bytes.subarray(i * 8 * MIB, (i + 1) * 8 * MIB));
  expect(await read("app.bin", bytes)).toMatchObject({
    sizeBytes: bytes.length,
    md5: digestOf("md5", bytes),
    sha256: digestOf("sha256", bytes),
    partSha256: parts.map((part) => digestOf("sha256", part)),
  });
});

test.each([1_000, 40 * MIB])(
  "an interruption while %d bytes are read is reported as one",
  async (sizeBytes) => {
    await writeFile(join(folder, "app.bin"), Buffer.alloc(sizeBytes, 7));
    const interrupt = new AbortController();
    const onBytes = () => interrupt.abort();
    const options = { cwd: folder, signal: interrupt.signal, inParts: false, onBytes };
    const reading = readImageFile({ path: "app.bin", slot: 1 }, options);
    await expect(reading).rejects.toMatchObject({ code: "INTERRUPTED" });
  },
);

test("the JSON of ztc link gives its bytecode and its slot", async () => {
  for (const name of ["app.json", "app.vbo"]) {
    const image = await read(name, ztc());
    expect(image).toMatchObject({ name: "app.bin", slot: 1, sizeBytes: 8 });
    expect(await text(image.stream())).toBe("bytecode");
    const buffer = Buffer.alloc(4);
    expect(await image.read(buffer, 4)).toBe(4);
    expect(buffer.toString()).toBe("code");
  }
});

test("a slot that the file does not have is refused", async () => {
  await expect(read("app.json", ztc(), 0)).rejects.toMatchObject({
    code: "SLOT_INVALID",
    message: "app.json is linked for slot 1, not for slot 0",
  });
  expect((await read("app.json", ztc(), 1)).slot).toBe(1);
});

test("a raw image that starts like JSON stays raw", async () => {
  expect(await read("app.bin", '{"not": "ztc"}')).toMatchObject({ sizeBytes: 14, slot: undefined });
});

test.each([
  ["a name in .json over other JSON", { version: 1 }, /no bcbin/],
  ["a name in .json over no JSON", "firmware", /no bcbin/],
  ["no bytecode", ztc({ bcbin: "" }), /bcbin is empty/],
  ["bytecode that is no base64", ztc({ bcbin: "a-b" }), /not base64/],
  ["bytecode that is cut", ztc({ bcbin: "YWJjZ" }), /not base64/],
  ["bytecode that is not text", ztc({ bcbin: 7 }), /not text/],
  ["no slot", ztc({ bc_idx: undefined }), /bc_idx, the slot, is missing/],
  ["a slot that is no number", ztc({ bc_idx: "1" }), /the slot, is "1"/],
  ["a virtual machine in it", ztc({ has_vm: true, vmbin: "AAAA" }), /--otavm/],
])("%s is refused", async (_what, content, says) => {
  await expect(read("app.json", content)).rejects.toMatchObject({
    code: "IMAGE_INVALID",
    message: expect.stringMatching(says),
  });
});

test("an image that is broken is refused whatever its name", async () => {
  await expect(read("app.out", ztc({ bc_idx: -1 }))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});

test("a missing file, a folder, a device and an empty file are told apart", async () => {
  const options = { cwd: folder, signal: new AbortController().signal, inParts: true, onBytes: () => {} };
  const codeOf = async (path: string) =>
    await readImageFile({ path, slot: undefined }, options).catch((error: { code: string }) => error.code);
  await symlink("nowhere", join(folder, "dangling"));
  await writeFile(join(folder, "empty"), "");
  expect(await codeOf("missing")).toBe("IMAGE_NOT_FOUND");
  expect(await codeOf("dangling")).toBe("IMAGE_NOT_FOUND");
  expect(await codeOf(".")).toBe("IMAGE_UNREADABLE");
  expect(await codeOf("/dev/null")).toBe("IMAGE_UNREADABLE");
  expect(await codeOf("empty")).toBe("IMAGE_EMPTY");
});
