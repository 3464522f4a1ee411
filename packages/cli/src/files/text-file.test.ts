import { expect, test } from "vitest";
import { decodeText } from "./text-file.js";

const decode = (bytes: Buffer) => decodeText(bytes, "CONFIG_INVALID", "fota.config.json");
const big = (text: string) => Buffer.from(text, "utf16le").swap16();

test("a byte order mark is skipped", () => {
  expect(decode(Buffer.from('\ufeff{"bucket": "b"}'))).toBe('{"bucket": "b"}');
  expect(decode(Buffer.from("Größe"))).toBe("Größe");
  expect(decode(Buffer.alloc(0))).toBe("");
});

test.each([
  ["little-endian with a mark, as PowerShell writes it", Buffer.from("\ufeffpump-1\r\n", "utf16le")],
  ["big-endian with a mark", big("\ufeffpump-1")],
  ["little-endian without a mark", Buffer.from("pump-1", "utf16le")],
  ["big-endian without a mark", big("pump-1")],
])("UTF-16 is named as such: %s", (_what, bytes) => {
  expect(() => decode(bytes)).toThrow("fota.config.json is UTF-16, not UTF-8");
});

test("a binary file is no text", () => {
  expect(() => decode(Buffer.from("abcd\0efgh"))).toThrow("zero bytes");
});
