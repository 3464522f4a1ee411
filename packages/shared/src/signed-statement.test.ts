import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isFotaError } from "./errors.js";
import { parseJobDocument } from "./job-document.js";
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
