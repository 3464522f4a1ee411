import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isFotaError } from "./errors.js";
import { parseJobDocument } from "./signed-document.js";
import { signedStatement } from "./signed-statement.js";

const path = new URL("../test/fixtures/signed-order-v1.json", import.meta.url);
const vector = JSON.parse(readFileSync(path, "utf8"));
const document = parseJobDocument(vector.document);

test("the statement of the published vector, and its signature", () => {
  expect(signedStatement(document)).toBe(vector.statement);
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: vector.publicKey } });
  const sig = Buffer.from(vector.document.bc_sig[0].sig, "base64");
  expect(verify(null, Buffer.from(vector.statement), key, sig)).toBe(true);
});

test.each([
  ["bc_idx", 2],
  ["bc_size", 1],
  ["bc_crc", "0".repeat(32)],
  ["bc_sha256", "0".repeat(64)],
  ["bc_version", "9"],
  ["bc_model", "other"],
  ["bc_min", "0"],
  ["bc_exp", 9],
  ["bc_alt", undefined],
  ["bc_seq", 1],
  ["bc_for", ["pump-1"]],
  ["bc_down", true],
  ["bc_at", 1],
])("another %s is another statement", (key, value) => {
  const changed = parseJobDocument({ ...vector.document, [key]: value });
  expect(signedStatement(changed)).not.toBe(vector.statement);
});

test("the URL is not part of it, and neither is the order of the images", () => {
  const [alternative] = document.bc_alt ?? [];
  const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 } = document;
  const swapped = { ...document, ...alternative, bc_url: "https://other.example/image" };
  const other = { ...swapped, bc_alt: [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }] };
  expect(signedStatement(parseJobDocument(other))).toBe(vector.statement);
});

test("an image without SHA-256 is not to be signed", () => {
  const { bc_sha256: _, ...bare } = document;
  const fault = (() => {
    try {
      return signedStatement(bare);
    } catch (error) {
      return error;
    }
  })();
  expect(isFotaError(fault, "DOCUMENT_INVALID")).toBe(true);
});

test("a model cannot forge a line", () => {
  expect(() => parseJobDocument({ ...vector.document, bc_model: "a\nmin 0" })).toThrow(/bc_model/);
});

test("a document with a new fact has a statement of version 2, with things sorted by name", () => {
  const newer = { bc_seq: 12, bc_for: ["pump-2", "Pump-1"], bc_down: true, bc_at: 1_700_000_000 };
  const [, ...facts] = vector.statement.split("\n").slice(0, -1);
  expect(signedStatement(parseJobDocument({ ...vector.document, ...newer })).split("\n")).toEqual([
    "fota order 2",
    ...facts,
    "seq 12",
    "downgrade allowed",
    "signed 1700000000",
    "for thing Pump-1",
    "for thing pump-2",
    "",
  ]);
});

test.each([
  ["bc_seq", 0],
  ["bc_seq", 1.5],
  ["bc_seq", 2 ** 53],
  ["bc_for", []],
  ["bc_for", ["pump-1", "pump-1"]],
  ["bc_for", ["pump 1"]],
  ["bc_for", ["a\nseq 9"]],
  ["bc_for", Array.from({ length: 101 }, (_, index) => `pump-${index}`)],
  ["bc_down", false],
  ["bc_down", 1],
  ["bc_at", -1],
  ["bc_sig", [{ key: "test-1", sig: `${"A".repeat(85)}B==` }]],
  ["bc_sig", [{ key: "test-1", sig: "A".repeat(86) }]],
  ["bc_keys", [{ v: 2, t: 1, keys: [["a b", `${"A".repeat(43)}=`]], sig: vector.document.bc_sig }]],
  ["bc_keys", [{ v: 2, t: 1, keys: [["a", `${"A".repeat(42)}B=`]], sig: vector.document.bc_sig }]],
])("a document with %s %j is not valid", (key, value) => {
  expect(() => parseJobDocument({ ...vector.document, [key]: value })).toThrow(new RegExp(key));
});
