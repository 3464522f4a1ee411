import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { AwsChunkedDecoder } from "./aws-chunked.js";

const BODY =
  "4;chunk-signature=0a\r\n1234\r\n5;chunk-signature=0b\r\n\r\n789\r\n0;chunk-signature=0c\r\n" +
  "x-amz-checksum-crc32c: 4waSgw==\r\nX-Other:1\r\nx-amz-trailer-signature:0d\r\n\r\n";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Decodes a body that arrives in pieces of `pieceBytes`. Returns what the decoder read. */
function decode(body: string, pieceBytes = body.length) {
  const trailers = new Map<string, string>();
  const verified: string[][] = [];
  const decoder = new AwsChunkedDecoder({
    trailers,
    verifier: {
      chunk: (...chunk) => verified.push(chunk),
      trailers: (...signed) => verified.push(signed),
    },
  });
  let bytes = "";
  for (let at = 0; at < body.length; at += pieceBytes) {
    const piece = Buffer.from(body.slice(at, at + pieceBytes), "latin1");
    for (const decoded of decoder.decode(piece)) bytes += decoded.toString("latin1");
    piece.fill(0); // the memory of a piece is used again
  }
  decoder.end();
  return { bytes, trailers: Object.fromEntries(trailers), verified };
}

describe("an aws-chunked body", () => {
  test.each([1, 2, 3, 7, 20, 1000])("in pieces of %i bytes is decoded and verified", (pieceBytes) => {
    expect(decode(BODY, pieceBytes)).toEqual({
      bytes: "1234\r\n789",
      trailers: { "x-amz-checksum-crc32c": "4waSgw==", "x-other": "1" },
      verified: [
        ["0a", sha256("1234")],
        ["0b", sha256("\r\n789")],
        ["0c", sha256("")],
        ["0d", "x-amz-checksum-crc32c:4waSgw==\nx-other:1\n"],
      ],
    });
  });

  test("may end without its last empty line, and have bare line feeds", () => {
    expect(decode("1\na\n0\nx:y\n")).toMatchObject({ bytes: "a", trailers: { x: "y" } });
    expect(decode("1\r\na\r\n0\r\n")).toMatchObject({ bytes: "a" });
  });

  test("has an empty trailer signature if it has none, not that of its last chunk", () => {
    expect(decode("0;chunk-signature=0c\r\nx:y\r\n\r\n").verified.at(-1)).toEqual(["", "x:y\n"]);
  });

  test.each(["", "4", "4\r\n", "4\r\n123", "4\r\n1234", "4\r\n1234\r\n", "4\r\n1234\r\n0"])(
    "that ends after %j is incomplete",
    (body) => {
      expect(() => decode(body)).toThrowError(expect.objectContaining({ code: "IncompleteBody" }));
    },
  );

  test.each([
    { what: "a length that is not hexadecimal", body: "g\r\n" },
    { what: "an endless line, in pieces,", body: "1".repeat(5000) },
    { what: "more data than its chunk", body: "1\r\nab\r\n" },
    { what: "a trailer without a name", body: "0\r\n:value\r\n\r\n" },
    { what: "too many trailers", body: `0\r\n${"a:b\r\n".repeat(17)}\r\n` },
    { what: "bytes after its end", body: "0\r\n\r\na" },
  ])("with $what is malformed", ({ body }) => {
    for (const pieceBytes of [body.length, 1]) {
      expect(() => decode(body, pieceBytes)).toThrowError(
        expect.objectContaining({ code: "InvalidRequest" }),
      );
    }
  });
});
