import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PatchReader } from "@fota/shared";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { imageInMemory } from "../image/image-bytes.js";
import { PagedFile } from "../image/paged-file.js";
import { type DeltaImage, inflateInto, makeDelta } from "./make-delta.js";
import { matchSamples } from "./match-samples.js";
import { matchSuffixes } from "./match-suffixes.js";
import type { Segment, SegmentSteps } from "./segment.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-delta-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function save(name: string, bytes: Uint8Array): Promise<DeltaImage & { path: string }> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { ...inMemory(name, bytes), path, open: (memory) => PagedFile.open(path, bytes.length, memory) };
}

function inMemory(name: string, bytes: Uint8Array): DeltaImage {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name, sizeBytes: bytes.length, sha256, open: async () => imageInMemory(bytes) };
}

async function make(old: Uint8Array | undefined, image: Uint8Array) {
  const request = {
    old: old && (await save("old", old)),
    image: await save("image", image),
    path: join(folder, "patch"),
    signal: new AbortController().signal,
  };
  let bytes = 0;
  const made = await makeDelta({ ...request, onBytes: (count) => (bytes += count) });
  expect(bytes).toBe(image.length);
  const patch = await readFile(request.path);
  expect(made.patchBytes).toBe(patch.length);
  expect(made.sha256).toBe(createHash("sha256").update(patch).digest("hex"));
  return { ...request, patch };
}

async function apply({ old, image, patch }: Awaited<ReturnType<typeof make>>, base: Uint8Array) {
  const pieces: Buffer[] = [];
  const reader = new PatchReader({
    image,
    from: old,
    inflate: inflateInto,
    readOld: async (offsetBytes, into) => into.set(base.subarray(offsetBytes, offsetBytes + into.length)),
  });
  await reader.write(patch, async (bytes) => void pieces.push(Buffer.from(bytes)));
  expect(reader.isComplete).toBe(true);
  return Buffer.concat(pieces);
}

/** Bytes that do not repeat, the same each time. */
function noise(sizeBytes: number, seed: number): Buffer {
  const pieces: Buffer[] = [];
  for (let index = 0; index * 64 < sizeBytes; index += 1) {
    pieces.push(createHash("sha512").update(`${seed} ${index}`).digest());
  }
  return Buffer.concat(pieces).subarray(0, sizeBytes);
}

test("a patch of an image with an inserted piece is about as large as that piece", async () => {
  const old = noise(100_000, 1);
  const image = Buffer.concat([old.subarray(0, 30_000), noise(500, 2), old.subarray(30_000)]);
  const made = await make(old, image);
  expect((await apply(made, old)).equals(image)).toBe(true);
  expect(made.patch.length).toBeLessThan(1_000);
});

test("a patch to the same image needs a few bytes for each frame", async () => {
  const image = noise(100_000, 1);
  const { patch } = await make(image, image);
  expect(patch.length).toBe(88 + 7 * (5 + 8));
});

test("addresses that all moved by the same distance cost little", async () => {
  const old = noise(64_000, 1);
  const image = Buffer.from(old);
  for (let at = 0; at < image.length; at += 40) image[at] = ((image[at] as number) + 16) & 0xff;
  const made = await make(old, image);
  expect((await apply(made, old)).equals(image)).toBe(true);
  expect(made.patch.length).toBeLessThan(1_500);
});

test("without an old image, the patch is the compressed image", async () => {
  const image = Buffer.from("firmware ".repeat(10_000));
  const made = await make(undefined, image);
  expect((await apply(made, Buffer.alloc(0))).equals(image)).toBe(true);
  expect(made.patch.length).toBeLessThan(1_000);
});

test("an image that cannot be compressed grows by a few bytes for each frame", async () => {
  const image = noise(50_000, 3);
  for (const old of [undefined, noise(50_000, 4)]) {
    expect((await make(old, image)).patch.length).toBe(image.length + 88 + 4 * 5);
  }
});

test("refuses an image that changed since its digest", async () => {
  const image = await save("image", noise(5_000, 1));
  await writeFile(image.path, noise(5_000, 2));
  const request = { old: undefined, image, path: join(folder, "patch"), onBytes: () => {} };
  const making = makeDelta({ ...request, signal: new AbortController().signal });
  await expect(making).rejects.toMatchObject({
    code: "IMAGE_CHANGED",
    message: "the patch does not make image",
  });
});

test("stops in the search when it is interrupted", async () => {
  const [old, image] = [await save("old", noise(400_000, 1)), await save("image", noise(400_000, 2))];
  const making = makeDelta({
    old,
    image,
    path: join(folder, "patch"),
    onBytes: () => {},
    signal: AbortSignal.abort(),
  });
  await expect(making).rejects.toMatchObject({ code: "INTERRUPTED" });
});

test("stops between two frames of a compressed image when it is interrupted", async () => {
  const stop = new AbortController();
  let bytes = 0;
  const making = makeDelta({
    old: undefined,
    image: await save("image", noise(400_000, 1)),
    path: join(folder, "patch"),
    onBytes: (count) => {
      bytes += count;
      stop.abort();
    },
    signal: stop.signal,
  });
  await expect(making).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(bytes).toBe(16_384);
});

/** An old image and one with pieces moved, changed, inserted and left out. */
const EDITED = fc
  .record({
    old: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
      fc.uint8Array({ max: 2, minLength: 1, maxLength: 3_000 }),
      fc.integer({ min: 1, max: 20_000 }).map((sizeBytes) => noise(sizeBytes, 5)),
    ),
    edits: fc.array(
      fc.oneof(
        fc.record({ from: fc.nat(20_000), length: fc.nat(6_000), add: fc.constantFrom(0, 0, 1, 77) }),
        fc.record({ literal: fc.uint8Array({ maxLength: 200 }) }),
      ),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map(({ old, edits }) => {
    const pieces = edits.map((edit) => {
      if ("literal" in edit) return edit.literal;
      const from = edit.from % old.length;
      return old
        .subarray(from, from + edit.length)
        .map((byte, at) => (at % 50 === 0 ? byte + edit.add : byte));
    });
    return { old, image: Buffer.concat([...pieces, Buffer.from([1])]) };
  });

test("every patch makes its image", async () => {
  await fc.assert(
    fc.asyncProperty(EDITED, async ({ old, image }) => {
      expect((await apply(await make(old, image), old)).equals(image)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("both matchers cover the image with pieces inside the old one", async () => {
  await fc.assert(
    fc.asyncProperty(EDITED, async ({ old, image }) => {
      checkCover(matchSuffixes(old, image), old, image);
      const [oldFile, imageFile] = [await save("old", old), await save("image", image)];
      const files = [await oldFile.open(1 << 20), await imageFile.open(1 << 20)] as const;
      checkCover(matchSamples(...files), old, image);
      await Promise.all(files.map((file) => file.close()));
    }),
    { numRuns: 60 },
  );
});

function checkCover(steps: SegmentSteps, old: Uint8Array, image: Uint8Array): void {
  const segments = [...steps].filter((segment): segment is Segment => segment !== undefined);
  let covered = 0;
  for (const { oldStart, diffBytes, literalBytes } of segments) {
    expect(diffBytes + literalBytes).toBeGreaterThan(0);
    expect(Math.min(diffBytes, literalBytes)).toBeGreaterThanOrEqual(0);
    if (diffBytes > 0) expect(oldStart).toBeGreaterThanOrEqual(0);
    if (diffBytes > 0) expect(oldStart + diffBytes).toBeLessThanOrEqual(old.length);
    covered += diffBytes + literalBytes;
  }
  expect(covered).toBe(image.length);
}

test("the matcher for large images finds a piece that moved", async () => {
  const old = noise(60_000, 1);
  const image = Buffer.concat([old.subarray(30_000), old.subarray(0, 30_000)]);
  const segments = [...matchSamples(imageInMemory(old), imageInMemory(image))];
  expect(segments.filter((segment) => segment !== undefined)).toEqual([
    { oldStart: 30_000, diffBytes: 30_000, literalBytes: 0 },
    { oldStart: 0, diffBytes: 30_000, literalBytes: 0 },
  ]);
});
