import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jobDocumentJsonSchema } from "../../../scripts/job-document-schema.js";
import { isFotaError } from "./errors.js";
import { imagesOf, isFotaDocument, parsePlainDocument } from "./job-document.js";
import { parseJobDocument } from "./signed-document.js";
import { signedStatement } from "./signed-statement.js";

const legacy = {
  operation: "fota",
  bc_idx: 1,
  bc_crc: "9e107d9d372bb6826bd81d3542a419d6",
  bc_size: 4096,
  bc_url: "https://fw-releases.s3.eu-west-1.amazonaws.com/app.bin?X-Amz-Expires=3600",
};
const sha256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592";

function faultOf(document: unknown): string {
  try {
    parseJobDocument(document);
  } catch (error) {
    if (isFotaError(error, "DOCUMENT_INVALID")) return error.message;
    throw error;
  }
  return "no fault";
}

describe("parseJobDocument", () => {
  test("takes the five keys of the original library", () => {
    expect(parseJobDocument(legacy)).toEqual(legacy);
  });

  test("takes a document of the first release as it was made", () => {
    const path = new URL("../test/fixtures/job-document-v1.json", import.meta.url);
    const document = JSON.parse(readFileSync(path, "utf8"));
    expect(parseJobDocument(document)).toEqual(document);
  });

  test("takes every optional key", () => {
    const document = {
      ...legacy,
      bc_sha256: sha256,
      bc_version: "2.0.0-rc.1+build.5",
      bc_model: "thermostat-v2",
      bc_min: "1.4",
      bc_alt: [{ ...legacy, operation: undefined, bc_idx: 0, bc_sha256: sha256 }],
      bc_sig: [{ key: "release-2026", sig: `${"A".repeat(86)}==` }],
    };
    const { operation: _, ...alternative } = document.bc_alt[0] ?? {};
    expect(parseJobDocument(document)).toEqual({ ...document, bc_alt: [alternative] });
  });

  test("a device without trusted keys reads no signatures, valid or not", () => {
    const signed = { ...legacy, bc_version: "2.0", bc_sig: [{ key: 7 }], bc_keys: "none" };
    expect(parsePlainDocument(signed)).toEqual({ ...legacy, bc_version: "2.0" });
    expect(() => parsePlainDocument({ ...signed, bc_size: 0 })).toThrow(/bc_size/);
    expect(faultOf(signed)).toContain("bc_sig.0.key must have 1 to 64 characters, got 7");
  });

  test("drops keys that it does not know, so that an old agent reads a newer document", () => {
    expect(parseJobDocument({ ...legacy, bc_later: "later" })).toEqual(legacy);
  });

  test("takes upper-case digests, as the original does, and gives lower-case ones", () => {
    const document = { ...legacy, bc_crc: legacy.bc_crc.toUpperCase(), bc_sha256: sha256.toUpperCase() };
    expect(parseJobDocument(document)).toEqual({ ...legacy, bc_sha256: sha256 });
  });

  test("does not change the caller's document", () => {
    const document = { ...legacy, bc_crc: legacy.bc_crc.toUpperCase() };
    parseJobDocument(document);
    expect(document.bc_crc).toBe(legacy.bc_crc.toUpperCase());
  });

  test.each([
    ["operation is missing; bc_idx is missing; bc_crc is missing; bc_size is missing; bc_url is missing", {}],
    ["document must be an object, got null", null],
    ['document must be an object, got "fota"', "fota"],
    ["document must be an object, got []", []],
    ['operation must be "fota", got "reboot"', { ...legacy, operation: "reboot" }],
    ['bc_idx must be a whole number from 0 to 9007199254740991, got "1"', { ...legacy, bc_idx: "1" }],
    ["bc_idx must be a whole number from 0 to 9007199254740991, got -1", { ...legacy, bc_idx: -1 }],
    ["bc_idx must be a whole number from 0 to 9007199254740991, got 0.5", { ...legacy, bc_idx: 0.5 }],
    ["bc_size must be a whole number from 1 to 9007199254740991, got 0", { ...legacy, bc_size: 0 }],
    [
      "bc_size must be a whole number from 1 to 9007199254740991, got 9007199254740992",
      { ...legacy, bc_size: 2 ** 53 },
    ],
    ['bc_crc must be 32 hex digits, got "9e10"', { ...legacy, bc_crc: "9e10" }],
    ['bc_crc must be 32 hex digits, got "zzz', { ...legacy, bc_crc: "z".repeat(32) }],
    ["bc_sha256 must be 64 hex digits, got null", { ...legacy, bc_sha256: null }],
    ["bc_url must be an https URL", { ...legacy, bc_url: "http://images.example.com/app.bin" }],
    [
      "bc_url must be an https URL (http only to a loopback address) or an AWS IoT presign placeholder, got 7",
      { ...legacy, bc_url: 7 },
    ],
    ['bc_version must be a version of at most 64 characters, got "two"', { ...legacy, bc_version: "two" }],
    ["bc_alt must be a list of 1 to 8 entries, got []", { ...legacy, bc_alt: [] }],
    ["bc_model must have 1 to 128 characters, and no control", { ...legacy, bc_model: "" }],
    ["bc_for must have no entry twice", { ...legacy, bc_for: ["a", "b", "a"] }],
    ['bc_for.1 must be a thing name, got "b c"', { ...legacy, bc_for: ["a", "b c"] }],
    ["bc_down must be true, got false", { ...legacy, bc_down: false }],
    ["bc_alt.0.bc_sha256 is missing", { ...legacy, bc_alt: [{ ...legacy, bc_idx: 0 }] }],
    ["bc_alt: slots must differ, got 1, 1", { ...legacy, bc_alt: [{ ...legacy, bc_sha256: sha256 }] }],
  ])("refuses a document: %s", (fault, document) => {
    expect(faultOf(document)).toContain(fault);
  });

  test("returns a document or throws DOCUMENT_INVALID for any JSON", () => {
    const wild = fc.record(
      Object.fromEntries(
        Object.keys(legacy).map((key) => [
          key,
          fc.oneof(fc.jsonValue(), fc.constant(legacy[key as keyof typeof legacy])),
        ]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), wild), (document) => {
        const fault = faultOf(document);
        expect(fault === "no fault" || fault.startsWith("the job document is not valid: ")).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

test("isFotaDocument checks only operation and accepts any value", () => {
  expect(isFotaDocument(legacy)).toBe(true);
  expect(isFotaDocument({ operation: "fota" })).toBe(true);
  for (const other of [undefined, null, 3, "fota", [], {}, { operation: "reboot" }]) {
    expect(isFotaDocument(other)).toBe(false);
  }
});

test("imagesOf lists the image of the legacy keys first", () => {
  const document = parseJobDocument({ ...legacy, bc_alt: [{ ...legacy, bc_idx: 0, bc_sha256: sha256 }] });
  expect(imagesOf(document).map((image) => image.bc_idx)).toEqual([1, 0]);
});

test("the shipped JSON Schema is the one that the schema gives (`pnpm schema` writes it)", () => {
  const shipped = JSON.parse(readFileSync(new URL("../job-document.schema.json", import.meta.url), "utf8"));
  expect(shipped).toEqual(jobDocumentJsonSchema());
});

describe("bc_delta", () => {
  const image = { ...legacy, bc_sha256: sha256 };
  const patch = (digit: string) => ({
    from_sha256: digit.repeat(64),
    from_size: 1000,
    url: "https://bucket.s3.amazonaws.com/patch",
    bytes: 50,
    sha256: "c".repeat(64),
  });
  const { from_sha256: _sha256, from_size: _size, ...compressed } = patch("0");
  const patches = ["0", "1", "2", "3"].map(patch);

  test("has up to four patches and the compressed image, for each image", () => {
    const document = {
      ...image,
      bc_delta: [...patches, compressed],
      bc_alt: [{ ...image, operation: undefined, bc_idx: 0, bc_delta: [patch("0")] }],
    };
    const { bc_delta, bc_alt } = parseJobDocument(document);
    expect(bc_delta).toEqual(document.bc_delta);
    expect(bc_alt?.[0]?.bc_delta).toEqual([patch("0")]);
  });

  test("may have placeholders", () => {
    const url = "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/bucket/patch}";
    expect(parseJobDocument({ ...image, bc_delta: [{ ...compressed, url }] }).bc_delta?.[0]?.url).toBe(url);
  });

  test("is not part of the signed statement: the digest of the image decides", () => {
    const { bc_delta: _, ...plain } = { ...image, bc_delta: patches };
    expect(signedStatement(parseJobDocument({ ...image, bc_delta: patches }))).toBe(
      signedStatement(parseJobDocument(plain)),
    );
  });

  test.each([
    ["bc_delta must be a list of 1 to 5 entries, got []", { ...image, bc_delta: [] }],
    ["bc_delta must have at most 4 patches", { ...image, bc_delta: [...patches, patch("4")] }],
    ["bc_delta must have one entry for each from_sha256", { ...image, bc_delta: [patch("0"), patch("0")] }],
    ["bc_delta must have one entry for each from_sha256", { ...image, bc_delta: [compressed, compressed] }],
    ["bc_delta needs bc_sha256", { ...legacy, bc_delta: patches }],
    [
      "bc_delta must have from_sha256 and from_size together",
      { ...image, bc_delta: [{ ...patch("0"), from_size: undefined }] },
    ],
    ["bc_delta.0.url must be", { ...image, bc_delta: [{ ...compressed, url: "http://example.com/p" }] }],
    ["bc_delta.0.bytes must be", { ...image, bc_delta: [{ ...compressed, bytes: 0 }] }],
  ])("is refused: %s", (fault, document) => {
    expect(() => parseJobDocument(document)).toThrow(fault);
  });
});
