import { type DocumentImage, FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { s3That } from "../../test/service-that.js";
import { checkObject, republishableObject } from "./stored-image.js";

const MD5 = "1".repeat(32);
const SHA256 = "2".repeat(64);
const OBJECT = { bucket: "fw", key: `fota/${SHA256}/app.bin` };

function documentImage(more: Partial<DocumentImage> = {}): DocumentImage {
  const bc_url = `https://fw.s3.eu-west-1.amazonaws.com/${OBJECT.key}?X-Amz-Signature=1`;
  return { bc_idx: 1, bc_crc: MD5, bc_size: 10, bc_sha256: SHA256, bc_url, ...more };
}

/** S3 in front of one object. */
function s3With(head: () => object) {
  return s3That({ HeadObject: head }).s3;
}

function stored({
  sizeBytes = 10,
  sha256 = "",
  md5 = "",
}: {
  sizeBytes?: number;
  sha256?: string;
  md5?: string;
}) {
  return {
    ContentLength: sizeBytes,
    ...(sha256 !== "" && { ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64") }),
    ETag: md5 === "" ? `"${MD5}-2"` : `"${md5}"`,
  };
}

function missing(): never {
  throw Object.assign(new Error("NotFound"), { $metadata: { httpStatusCode: 404 } });
}

test.each([
  ["by SHA-256", stored({ sha256: SHA256, md5: MD5 }), "matches"],
  ["by SHA-256, whatever the ETag is", stored({ sha256: SHA256, md5: "9".repeat(32) }), "matches"],
  ["by MD5", stored({ md5: MD5 }), "matches"],
  ["in parts", stored({}), "unverified"],
  ["of another size", stored({ sizeBytes: 11, sha256: SHA256, md5: MD5 }), "differs"],
  ["of another SHA-256", stored({ sha256: "9".repeat(64), md5: MD5 }), "differs"],
  ["of another MD5", stored({ md5: "9".repeat(32) }), "differs"],
  ["gone", undefined, "missing"],
] as const)("an object %s", async (_what, found, state) => {
  const checked = await checkObject(
    documentImage(),
    s3With(() => found ?? missing()),
  );
  expect(checked).toMatchObject({ object: OBJECT, state });
});

test("what may not be looked at, or is nowhere in S3, is unknown and says why", async () => {
  const refuse = s3With(() => {
    throw new FotaError("ACCESS_DENIED", "refused", { hint: "needs s3:GetObject" });
  });
  expect(await checkObject(documentImage(), refuse)).toEqual({
    object: OBJECT,
    state: "unknown",
    because: "refused; needs s3:GetObject",
  });
  const elsewhere = documentImage({ bc_url: "https://cdn.example.org/app.bin" });
  expect(await checkObject(elsewhere, refuse)).toMatchObject({
    object: undefined,
    state: "unknown",
  });
});

test("no answer is no statement about an object", async () => {
  const dead = s3With(() => {
    throw new FotaError("ENDPOINT_UNREACHABLE", "gone");
  });
  await expect(checkObject(documentImage(), dead)).rejects.toThrow("gone");
});

test("an image that was uploaded in parts is published again where its key says what it is", () => {
  const checked = { object: OBJECT, state: "unverified" } as const;
  expect(republishableObject(documentImage(), checked)).toBe(OBJECT);
  expect(() => republishableObject(documentImage({ bc_sha256: "3".repeat(64) }), checked)).toThrow(
    /cannot tell whether/,
  );
});
