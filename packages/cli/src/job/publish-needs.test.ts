import { parseJobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import { fillPublishNeeds } from "./publish-needs.js";

const NEEDS = { bucket: "<bucket>", slot: "<0|1|any>" };
const S3 = "http://127.0.0.1:4566";

/** Returns a document with an image for each slot; the content of an image decides its digest. */
function documentOf(
  images: Readonly<Record<number, string>>,
  url = `${S3}/firmware/app.bin?X-Amz-Signature=1`,
) {
  const [first, ...others] = Object.entries(images).map(([slot, content]) => ({
    bc_idx: Number(slot),
    bc_crc: content.repeat(32),
    bc_size: 4,
    bc_url: url,
    bc_sha256: content.repeat(64),
  }));
  return parseJobDocument({ operation: "fota", ...first, ...(others.length > 0 && { bc_alt: others }) });
}

test.each([
  ["one slot", { 1: "a" }, { bucket: "firmware", slot: "1" }],
  ["the same image for both slots", { 0: "a", 1: "a" }, { bucket: "firmware", slot: "any" }],
  [
    "the same image for slots that --slot any does not mean",
    { 1: "a", 2: "a" },
    { bucket: "firmware", slot: "<0|1|any>" },
  ],
  ["an image for each slot", { 0: "a", 1: "b" }, { bucket: "firmware", images: ["0=<image>", "1=<image>"] }],
])("a document of %s answers what a publish needs", (_what, images, needs) => {
  expect(fillPublishNeeds(NEEDS, documentOf(images), S3)).toEqual(needs);
});

test("what a setting names stays with the setting", () => {
  expect(fillPublishNeeds({}, documentOf({ 1: "a" }), S3)).toEqual({});
  expect(fillPublishNeeds({}, documentOf({ 0: "a", 1: "b" }), S3)).toEqual({
    images: ["0=<image>", "1=<image>"],
  });
});

test.each(["https://cdn.example.com/app.bin", `${S3}/--yes/app.bin`])(
  "a URL without a valid bucket, %s, leaves the placeholder",
  (url) => {
    expect(fillPublishNeeds(NEEDS, documentOf({ 1: "a" }, url), S3)).toEqual({
      bucket: "<bucket>",
      slot: "1",
    });
  },
);
