import { type DocumentImage, FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import type { Images, StoredImage } from "../aws/images.js";
import { checkObject, orderableObject } from "./stored-image.js";

const MD5 = "1".repeat(32);
const SHA256 = "2".repeat(64);
const OBJECT = { bucket: "fw", key: `fota/${SHA256}/app.bin` };

function ordered(more: Partial<DocumentImage> = {}): DocumentImage {
  const bc_url = `https://fw.s3.eu-west-1.amazonaws.com/${OBJECT.key}?X-Amz-Signature=1`;
  return { bc_idx: 1, bc_crc: MD5, bc_size: 10, bc_sha256: SHA256, bc_url, ...more };
}

function s3That(find: () => Promise<StoredImage | undefined>): Images {
  return { find } as unknown as Images;
}

const stored = (more: Partial<StoredImage>) => ({
  sizeBytes: 10,
  sha256: undefined,
  md5: undefined,
  mark: undefined,
  ...more,
});

test.each([
  ["by SHA-256", stored({ sha256: SHA256 }), "matches"],
  ["by SHA-256, whatever the ETag is", stored({ sha256: SHA256, md5: "9".repeat(32) }), "matches"],
  ["by MD5", stored({ md5: MD5 }), "matches"],
  ["in parts", stored({}), "unverified"],
  ["of another size", stored({ sizeBytes: 11, sha256: SHA256 }), "differs"],
  ["of another SHA-256", stored({ sha256: "9".repeat(64), md5: MD5 }), "differs"],
  ["of another MD5", stored({ md5: "9".repeat(32) }), "differs"],
  ["gone", undefined, "missing"],
] as const)("an object %s", async (_what, found, state) => {
  const checked = await checkObject(
    ordered(),
    s3That(async () => found),
    undefined,
  );
  expect(checked).toMatchObject({ object: OBJECT, state });
});

test("what may not be looked at, or is nowhere in S3, is unknown and says why", async () => {
  const refuse = s3That(async () => {
    throw new FotaError("ACCESS_DENIED", "refused", { hint: "needs s3:GetObject" });
  });
  expect(await checkObject(ordered(), refuse, undefined)).toEqual({
    object: OBJECT,
    state: "unknown",
    because: "refused; needs s3:GetObject",
  });
  const elsewhere = ordered({ bc_url: "https://cdn.example.org/app.bin" });
  expect(await checkObject(elsewhere, refuse, undefined)).toMatchObject({
    object: undefined,
    state: "unknown",
  });
});

test("no answer is no statement about an object", async () => {
  const dead = s3That(async () => {
    throw new FotaError("ENDPOINT_UNREACHABLE", "gone");
  });
  await expect(checkObject(ordered(), dead, undefined)).rejects.toThrow("gone");
});

test("an image that was uploaded in parts is ordered again where its key says what it is", () => {
  const checked = { object: OBJECT, state: "unverified" } as const;
  expect(orderableObject(ordered(), checked)).toBe(OBJECT);
  expect(() => orderableObject(ordered({ bc_sha256: "3".repeat(64) }), checked)).toThrow(/cannot be told/);
});
