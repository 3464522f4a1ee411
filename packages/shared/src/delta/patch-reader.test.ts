import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { encodeDeltaHeader, type ImageId } from "./header.js";
import { type PatchPosition, PatchReader, type PatchReaderOptions } from "./patch-reader.js";

const FRAME_BYTES = 4096;
const OLD = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
const OLD_ID: ImageId = { sizeBytes: OLD.length, sha256: "0d".repeat(32) };

function inflate(payload: Uint8Array, out: Uint8Array): number {
  const bytes = inflateRawSync(payload, { maxOutputLength: out.length });
  out.set(bytes);
  return bytes.length;
}

function imageOf(sizeBytes: number): ImageId {
  return { sizeBytes, sha256: "4e".repeat(32) };
}

function frame(kind: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(5);
  header[0] = kind;
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

/** A delta frame of operations and the bytes after them. */
function deltaFrame(ops: number[], data: Uint8Array): Uint8Array {
  return frame(3, deflateRawSync(Buffer.concat([Uint8Array.from(ops), data])));
}

function patchOf(sizeBytes: number, ...frames: Uint8Array[]): Buffer {
  const header = encodeDeltaHeader({ frameBytes: FRAME_BYTES, image: imageOf(sizeBytes), from: OLD_ID });
  return Buffer.concat([header, ...frames]);
}

interface Read {
  image: Buffer;
  reader: PatchReader;
  /** Largest end of a read of the old image. */
  readTo: number;
}

async function readPatch(
  patch: Uint8Array,
  sizeBytes: number,
  { pieceBytes = 1000, ...options }: Partial<PatchReaderOptions> & { pieceBytes?: number } = {},
): Promise<Read> {
  let readTo = 0;
  const reader = new PatchReader({
    image: imageOf(sizeBytes),
    from: OLD_ID,
    inflate,
    readOld: async (offsetBytes, bytes) => {
      if (offsetBytes < 0 || offsetBytes + bytes.length > OLD.length) throw new Error("outside");
      readTo = Math.max(readTo, offsetBytes + bytes.length);
      bytes.set(OLD.subarray(offsetBytes, offsetBytes + bytes.length));
    },
    ...options,
  });
  const pieces: Buffer[] = [];
  for (let at = 0; at < patch.length; at += pieceBytes) {
    await reader.write(patch.subarray(at, at + pieceBytes), async (bytes) => {
      pieces.push(Buffer.from(bytes));
    });
  }
  return { image: Buffer.concat(pieces), reader, readTo };
}

describe("a patch", () => {
  const literal = Buffer.from("new bytes");
  const tail = Buffer.alloc(60, 1);
  // 9 literal bytes, 4047 bytes that differ by 1 from old byte 9 on, then 40 literal bytes.
  const data = Buffer.concat([literal, Buffer.alloc(4047, 1), Buffer.alloc(40, 0x55)]);
  const PATCH = patchOf(
    FRAME_BYTES * 3 + 60,
    deltaFrame([9, 0xcf, 0x1f, 0, 40, 0], data),
    frame(2, Buffer.from([3, 1, 0, 0, 0, 0, 0, 0])),
    frame(1, deflateRawSync(Buffer.alloc(FRAME_BYTES, 0xee))),
    frame(0, tail),
  );
  const IMAGE = Buffer.concat([
    literal,
    OLD.subarray(9, 9 + 4047).map((byte) => byte + 1),
    Buffer.alloc(40, 0x55),
    OLD.subarray(259, 259 + FRAME_BYTES),
    Buffer.alloc(FRAME_BYTES, 0xee),
    tail,
  ]);

  test.each([1, 3, 88, 1000, 100_000])(
    "makes the image when it comes in pieces of %d bytes",
    async (pieceBytes) => {
      const { image, reader } = await readPatch(PATCH, IMAGE.length, { pieceBytes });
      expect(image.equals(IMAGE)).toBe(true);
      expect(reader.isComplete).toBe(true);
      expect(reader.position).toEqual({
        patchBytes: PATCH.length,
        imageBytes: IMAGE.length,
        frameBytes: FRAME_BYTES,
      });
    },
  );

  test("can be read on from the end of each frame", async () => {
    const positions: PatchPosition[] = [];
    for (let length = 88; length < PATCH.length; length += 1) {
      const { reader } = await readPatch(PATCH.subarray(0, length), IMAGE.length);
      const { position } = reader;
      if (position !== undefined && position.patchBytes === length) positions.push(position);
    }
    expect(positions.map(({ imageBytes }) => imageBytes)).toEqual([0, 4096, 8192, 12_288]);
    for (const position of positions) {
      const { image, reader } = await readPatch(PATCH.subarray(position.patchBytes), IMAGE.length, {
        position,
      });
      expect(image.equals(IMAGE.subarray(position.imageBytes))).toBe(true);
      expect(reader.isComplete).toBe(true);
    }
  });

  test("is not complete when it is cut off", async () => {
    for (let length = 0; length < PATCH.length; length += 1) {
      const { reader } = await readPatch(PATCH.subarray(0, length), IMAGE.length);
      expect(reader.isComplete).toBe(false);
    }
  });

  test("has nothing after its last frame", async () => {
    const reading = readPatch(Buffer.concat([PATCH, Buffer.alloc(1)]), IMAGE.length);
    await expect(reading).rejects.toThrow("it goes on after its last frame");
  });

  test("must be for the expected images", async () => {
    await expect(readPatch(PATCH, IMAGE.length - 1)).rejects.toThrow("its new image is 12348 bytes");
    await expect(readPatch(PATCH, IMAGE.length, { from: undefined })).rejects.toThrow(
      "its old image is 10000 bytes",
    );
    const from = { ...OLD_ID, sha256: "00".repeat(32) };
    await expect(readPatch(PATCH, IMAGE.length, { from })).rejects.toThrow("its old image is 10000 bytes");
  });

  test("must have frames that fit into the memory of the device", async () => {
    await expect(readPatch(PATCH, IMAGE.length, { frameBytesMax: 2048 })).rejects.toThrow(
      "at most 2048 are allowed",
    );
  });
});

const HUGE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

test.each<[fault: string, frame: Uint8Array]>([
  ["a frame has kind 4", frame(4, Buffer.alloc(8))],
  ["a payload of 7 bytes", frame(2, Buffer.alloc(7))],
  ["a payload of 99 bytes", frame(0, Buffer.alloc(99))],
  ["a payload of 0 bytes", frame(1, Buffer.alloc(0))],
  ["a payload of 4294967295 bytes", Buffer.from([3, 0xff, 0xff, 0xff, 0xff])],
  ["a frame of 100 bytes has a payload of 101 bytes", frame(1, Buffer.alloc(101))],
  ["cannot be inflated", frame(1, Buffer.alloc(50, 0xff))],
  ["inflates to 99 bytes", frame(1, deflateRawSync(Buffer.alloc(99)))],
  ["cannot be inflated", frame(1, deflateRawSync(Buffer.alloc(50_000)))],
  ["inflates to 99 bytes", deltaFrame([], Buffer.alloc(99))],
  ["cannot be inflated", deltaFrame([], Buffer.alloc(2000))],
  ["a frame ends in its operations", deltaFrame([], Buffer.alloc(100))],
  ["a frame ends in its operations", deltaFrame([50, 0, 50], Buffer.alloc(100))],
  ["an operation makes 0 bytes at byte 0", deltaFrame([0, 0, 100, 0], Buffer.alloc(100))],
  ["an operation makes 101 bytes at byte 0", deltaFrame([101, 0], Buffer.alloc(100))],
  ["an operation makes 51 bytes at byte 50", deltaFrame([50, 0, 0, 51, 0], Buffer.alloc(100))],
  ["a frame has 2 bytes after its operations", deltaFrame([100, 0, 0, 0], Buffer.alloc(100))],
  ["reads 100 bytes at byte -1 of an old image", deltaFrame([0, 100, 1], Buffer.alloc(100))],
  ["reads 100 bytes at byte 9901 of an old image", deltaFrame([0, 100, 0xda, 0x9a, 1], Buffer.alloc(100))],
  ["of an old image of 10000 bytes", deltaFrame([0, 100, ...HUGE], Buffer.alloc(100))],
  ["a number in an operation is too long", deltaFrame([0, 100, 0xff, ...HUGE], Buffer.alloc(100))],
  ["reads 100 bytes at byte 9901", frame(2, Buffer.from([0xad, 0x26, 0, 0, 0, 0, 0, 0]))],
  ["is above 2^53 - 1", frame(2, Buffer.alloc(8, 0xff))],
])("refuses a patch: %s", async (fault, bytes) => {
  const reading = readPatch(patchOf(100, bytes), 100);
  await expect(reading).rejects.toThrow(fault);
  await expect(reading).rejects.toMatchObject({ code: "DELTA_INVALID" });
});

test("a whole image cannot refer to an old one", async () => {
  const header = encodeDeltaHeader({ frameBytes: FRAME_BYTES, image: imageOf(100) });
  for (const bytes of [frame(2, Buffer.alloc(8)), deltaFrame([100, 0], Buffer.alloc(100))]) {
    const reading = readPatch(Buffer.concat([header, bytes]), 100, { from: undefined });
    await expect(reading).rejects.toThrow("a frame refers to an old image, and the patch has none");
  }
});
