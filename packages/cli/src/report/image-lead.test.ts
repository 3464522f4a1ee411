import { expect, test } from "vitest";
import type { ShownImage, ShownJob } from "../show/result.js";
import { imageLeadOf } from "./image-lead.js";

const IMAGE = { object: "matches", presign: "cli", expiresAt: "2026-11-30T01:30:00.000Z", expired: false };
const lead = (kind: ShownJob["kind"], image: Partial<ShownImage>, isOver = false) =>
  imageLeadOf({ kind, fault: "bc_url is missing", images: [{ ...IMAGE, ...image }] } as ShownJob, isOver);

test.each<[ShownJob["kind"], Partial<ShownImage>, string | undefined, string]>([
  ["order", {}, undefined, "Devices can download the image until 2026-11-30 01:30 UTC."],
  [
    "order",
    { expired: true },
    "bad",
    "The URL expired at 2026-11-30 01:30 UTC: devices that start now fail.",
  ],
  ["order", { object: "missing" }, "bad", "The image is missing in S3: devices cannot download it."],
  [
    "order",
    { object: "differs" },
    "bad",
    "The object in S3 is not the image of the job document: updates fail.",
  ],
  [
    "order",
    { presign: "iot", expiresAt: null },
    undefined,
    "AWS IoT presigns the URL each time a device asks.",
  ],
  [
    "order",
    { presign: "none", expiresAt: null },
    undefined,
    "The URL is not presigned: it works while the object is public.",
  ],
  ["invalid", {}, "bad", "Devices refuse the job document: bc_url is missing."],
  ["other", {}, undefined, "It is not a fota job: its document is of another kind."],
])("a document that is %s with %j: %s, %s", (kind, image, tone, text) => {
  expect(lead(kind, image)).toEqual({ tone, text });
});

test("after the job, an expired URL needs no attention", () => {
  expect(lead("order", { expired: true }, true)).toEqual({
    tone: undefined,
    text: "The URL expired at 2026-11-30 01:30 UTC.",
  });
});
