import type { JobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import type { Iot } from "../aws/iot.js";
import { checkLegacy, checkLegacyDocument, checkPendingJobs } from "./legacy-devices.js";

function documentAt(bc_url: string): JobDocument {
  return { operation: "fota", bc_idx: 1, bc_crc: "0".repeat(32), bc_size: 1, bc_url };
}

const unsafe = expect.objectContaining({ code: "LEGACY_UNSAFE" });

test("a URL whose request line fills 2,048 bytes is the longest", () => {
  const fixed = "GET /k? HTTP/1.1\r\n".length;
  const fits = `https://b.example.com/k?${"x".repeat(2_048 - fixed)}`;
  expect(() => checkLegacyDocument(documentAt(fits))).not.toThrow();
  expect(() => checkLegacyDocument(documentAt(`${fits}x`))).toThrow(/has 2049 bytes/);
});

test("http is refused, AWS IoT's placeholder is not", () => {
  expect(() => checkLegacyDocument(documentAt("http://127.0.0.1:4566/b/k"))).toThrow(unsafe);
  const placeholder = "${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/b/k}";
  expect(() => checkLegacyDocument(documentAt(placeholder))).not.toThrow();
});

test("a document that is too long is refused", () => {
  const image = { ...documentAt("https://b.example.com/k"), bc_sha256: "0".repeat(64) };
  const others = Array.from({ length: 8 }, (_, i) => ({
    ...image,
    bc_idx: i + 2,
    bc_url: `https://b/${"x".repeat(500)}`,
  }));
  expect(() => checkLegacyDocument({ ...image, bc_alt: others })).toThrow(/characters/);
});

test.each([
  ["fota-1", "fota-12", true],
  ["fota-12", "fota-1", true],
  ["fota-1", "fota-2", false],
  ["fota-1", "fota-1", false],
] as const)("job %s beside pending %s is refused: %s", (jobId, pending, refused) => {
  const documents = new Map([[pending, '{"operation":"reboot"}']]);
  const check = () => checkPendingJobs(jobId, [{ jobId: pending, thing: "pump-1" }], documents);
  if (refused) expect(check).toThrow(unsafe);
  else expect(check).not.toThrow();
});

test.each(['{"action":"reboot"}', "[]", "not JSON", "null"])(
  "a pending job whose document is %s is refused",
  (text) => {
    const pending = [{ jobId: "other", thing: "pump-1" }];
    expect(() => checkPendingJobs("fota-1", pending, new Map([["other", text]]))).toThrow(
      /pump-1 has job other/,
    );
  },
);

test("of several slots, an original device is said to take the one of the legacy keys only", async () => {
  const image = { ...documentAt("https://b.example.com/k"), bc_sha256: "0".repeat(64) };
  const notes = (document: JobDocument) => checkLegacy({} as Iot, "fota-1", document, []);
  expect((await notes(image)).join()).not.toMatch(/slot/);
  expect(await notes({ ...image, bc_alt: [{ ...image, bc_idx: 0 }] })).toContain(
    "it takes the image for slot 1 only: one that runs slot 1 refuses the job",
  );
});
