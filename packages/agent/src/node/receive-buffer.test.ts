import { expect, test } from "vitest";
import { ReceiveBuffer } from "./receive-buffer.js";

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

test("gives what was added since the last call", () => {
  const buffer = new ReceiveBuffer(8);
  expect(buffer.take()).toBeUndefined();
  buffer.add(Buffer.from("ab"));
  buffer.add(Buffer.from("cd"));
  expect(buffer.freeBytes).toBe(4);
  expect(text(buffer.take())).toBe("abcd");
  expect(buffer.take()).toBeUndefined();
});

test("what was taken stays until the next call, while more is added", () => {
  const buffer = new ReceiveBuffer(4);
  buffer.add(Buffer.from("abcd"));
  const first = buffer.take();
  buffer.add(Buffer.from("efgh"));
  expect(text(first)).toBe("abcd");
  expect(text(buffer.take())).toBe("efgh");
});

test("a block that is full grows, and loses nothing", () => {
  const buffer = new ReceiveBuffer(4);
  buffer.add(Buffer.from("abc"));
  buffer.add(Buffer.from("defghijkl"));
  expect(text(buffer.take())).toBe("abcdefghijkl");
});

test("uses the memory of two blocks, however much passes", () => {
  const buffer = new ReceiveBuffer(16);
  const used = new Set<ArrayBufferLike>();
  for (let round = 0; round < 100; round += 1) {
    buffer.add(Buffer.alloc(16, round));
    const bytes = buffer.take();
    if (bytes !== undefined) used.add(bytes.buffer);
  }
  expect(used.size).toBe(2);
});
