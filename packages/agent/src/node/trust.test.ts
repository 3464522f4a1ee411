import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseJobDocument, signedStatement } from "@fota/shared";
import { expect, test } from "vitest";
import { checkDocument } from "../core/check-document.js";
import { nodeClock } from "./host.js";
import { nodeTrust } from "./trust.js";

const path = new URL("../../../shared/test/fixtures/signed-order-v1.json", import.meta.url);
const vector = JSON.parse(readFileSync(path, "utf8"));
const record = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 2, slotSizeBytes: 8_192 };
const device = { model: "thermostat-v2", firmwareVersion: "1.5" };
const pem = createPublicKey({
  format: "jwk",
  key: { kty: "OKP", crv: "Ed25519", x: vector.publicKey },
}).export({ format: "pem", type: "spki" });

const noStore = { load: async () => undefined, save: async () => {} };

async function taken(document: unknown, keys: Record<string, string>) {
  const trust = await nodeTrust({ keys }, noStore)
    .guard(() => {}, nodeClock)
    .rules();
  const decision = await checkDocument(document, record, { ...device, trust });
  return decision.kind === "refused" ? decision.failure.detail : decision.kind;
}

test.each([
  ["PEM", String(pem)],
  ["base64url", vector.publicKey],
  ["base64", Buffer.from(vector.publicKey, "base64").toString("base64")],
])("B-5: a document that a trusted key signed is accepted, the key given as %s", async (_form, key) => {
  expect(await taken(vector.document, { "test-1": key })).toBe("update");
});

test("B-5: one of several signatures is enough, so that keys can be changed", async () => {
  const next = generateKeyPairSync("ed25519");
  const statement = signedStatement(parseJobDocument(vector.document));
  const sig = sign(null, Buffer.from(statement), next.privateKey).toString("base64");
  const both = { ...vector.document, bc_sig: [{ key: "next", sig }, ...vector.document.bc_sig] };
  const nextPem = String(next.publicKey.export({ format: "pem", type: "spki" }));
  expect(await taken(both, { next: nextPem })).toBe("update");
  expect(await taken(both, { "test-1": vector.publicKey })).toBe("update");
});

test.each([
  ["no signature", { bc_sig: undefined }, "the job document is not signed"],
  ["another slot's image in its place", { bc_sha256: "0".repeat(64) }, /no signature is from a key/],
  ["a later end", { bc_exp: 1_890_000_000 }, /no signature is from a key/],
  ["no alternative", { bc_alt: undefined }, /no signature is from a key/],
  ["no SHA-256", { bc_sha256: undefined }, /no bc_sha256 to sign/],
])("B-5: %s is refused", async (_what, change, detail) => {
  expect(await taken({ ...vector.document, ...change }, { "test-1": vector.publicKey })).toMatch(detail);
});

test.each([
  ["a key with another id", { other: vector.publicKey }],
  ["no key at all", {}],
])("B-5: a device that trusts %s refuses", async (_what, keys) => {
  expect(await taken(vector.document, keys)).toMatch(/no signature is from a key.*"test-1"/);
});

test("a URL that was presigned again needs no new signature", async () => {
  const again = { ...vector.document, bc_url: "https://fw.s3.amazonaws.com/app.bin?X-Amz-Signature=11" };
  expect(await taken(again, { "test-1": vector.publicKey })).toBe("update");
});

test.each(["", "AAAA", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"])(
  "%j is no key, and told by its id",
  (key) => {
    expect(() => nodeTrust({ keys: { "release-1": key } }, noStore)).toThrow(/"release-1" cannot be used/);
  },
);

test("an RSA key is no key", () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const text = String(publicKey.export({ format: "pem", type: "spki" }));
  expect(() => nodeTrust({ keys: { a: text } }, noStore)).toThrow(/not an Ed25519/);
});

test("a key of small order, with which anyone could forge, is refused when the device starts", () => {
  for (const key of [`AQ${"A".repeat(41)}=`, `${"A".repeat(43)}=`]) {
    expect(() => nodeTrust({ keys: { a: key } }, noStore)).toThrow(/small order/);
    expect(() => nodeTrust({ keys: {}, rootKeys: { a: key } }, noStore)).toThrow(/small order/);
  }
});
