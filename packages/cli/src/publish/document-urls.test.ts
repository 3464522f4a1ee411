import { S3Client } from "@aws-sdk/client-s3";
import { imagesOf, type JobDocument } from "@fota/shared";
import { afterEach, expect, test, vi } from "vitest";
import { sdkServiceOf } from "../aws/service.js";
import { withFreshUrls } from "./document-urls.js";
import { NO_PATCHES } from "./patches.js";

afterEach(() => void vi.useRealTimers());

test("all URLs of a document expire at the same time, however long it takes to sign them", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-12-01T08:00:00.900Z") });
  const client = new S3Client({
    region: "us-east-1",
    async credentials() {
      vi.setSystemTime(Date.now() + 700);
      return { accessKeyId: "test", secretAccessKey: "test", expiration: new Date() };
    },
  });
  const image = { md5: "0".repeat(32), sha256: "0".repeat(64), sizeBytes: 1 };
  const slots = [1, 0].map((slot) => ({
    slot,
    image,
    isThere: true as const,
    object: { bucket: "images", key: `slot-${slot}.bin` },
  }));
  const imageOf = (slot: number) => ({ bc_idx: slot, bc_crc: image.md5, bc_size: 1, bc_url: "https://old/" });
  const document: JobDocument = {
    operation: "fota",
    ...imageOf(1),
    bc_alt: [{ ...imageOf(0), bc_sha256: image.sha256 }],
  };
  const fresh = await withFreshUrls(
    document,
    {
      spec: { presign: { by: "cli" } },
      images: slots,
      patches: NO_PATCHES,
      region: "us-east-1",
      expiresInSeconds: 60,
    } as unknown as Parameters<typeof withFreshUrls>[1],
    sdkServiceOf(client, undefined, new AbortController().signal),
  );
  const dates = imagesOf(fresh).map(({ bc_url }) => new URL(bc_url).searchParams.get("X-Amz-Date"));
  expect(dates).toEqual(["20261201T080000Z", "20261201T080000Z"]);
});
