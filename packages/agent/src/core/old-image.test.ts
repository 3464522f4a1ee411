import { expect, test } from "vitest";
import { OldImage } from "./old-image.js";
import type { Slots } from "./ports.js";

const SIZE_BYTES = 1_048_576;
const content = Uint8Array.from({ length: SIZE_BYTES }, (_, at) => (at * 31 + (at >> 8)) & 0xff);

/** Returns the image, and how much of the slot was read for it. */
function oldImage() {
  const spent = { reads: 0, bytes: 0 };
  const read = async (_slot: number, offsetBytes: number, bytes: Uint8Array) => {
    spent.reads += 1;
    spent.bytes += bytes.length;
    bytes.set(content.subarray(offsetBytes, offsetBytes + bytes.length));
  };
  return { image: new OldImage({ read } as Partial<Slots> as Slots, 0, SIZE_BYTES), spent };
}

test("operations that jump about read little of the slot", async () => {
  const { image, spent } = oldImage();
  const byte = new Uint8Array(1);
  for (let index = 0; index < 10_000; index += 1) {
    const at = (index * 32_771) % SIZE_BYTES;
    await image.read(at, byte);
    expect(byte[0]).toBe(content[at]);
  }
  expect(spent.bytes).toBeLessThanOrEqual(10_000 * 512);
});

test("operations that go forward read each byte once, in large steps", async () => {
  const { image, spent } = oldImage();
  const piece = new Uint8Array(64);
  for (let at = 0; at < SIZE_BYTES; at += piece.length) {
    await image.read(at, piece);
    expect(piece.every((byte, index) => byte === content[at + index])).toBe(true);
  }
  expect(spent.bytes).toBe(SIZE_BYTES);
  expect(spent.reads).toBeLessThan(80);
});

test("what is not in the image is not read", async () => {
  const { image, spent } = oldImage();
  const bytes = new Uint8Array(2);
  await expect(image.read(SIZE_BYTES - 1, bytes)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  await expect(image.read(-1, bytes)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  expect(spent.reads).toBe(0);
});
