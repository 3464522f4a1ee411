import { expect, test } from "vitest";
import { ByteReader } from "./line.js";

async function* piecesOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test.each([
  ["in one piece", ["first\nimage", "second\n"]],
  ["split anywhere", ["fi", "rst", "\n", "ima", "gesec", "ond\n"]],
])("a line, bytes and a line, %s", async (_how, pieces) => {
  const reader = new ByteReader(piecesOf(...pieces));
  expect(await reader.line()).toBe("first");
  expect(await textOf(reader.bytes(5))).toBe("image");
  expect(await reader.line()).toBe("second");
  expect(await reader.line()).toBeUndefined();
});

test("bytes that do not come are an error", async () => {
  await expect(textOf(new ByteReader(piecesOf("ima")).bytes(5))).rejects.toThrow(
    "the stream ended 2 bytes early",
  );
});

test("a line without an end is refused before it fills the memory", async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(64 * 1024, "x");
  }
  await expect(new ByteReader(endless()).line()).rejects.toThrow(/longer than/);
});
