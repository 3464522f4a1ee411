import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Slots } from "./ports.js";
import { slotHolds } from "./verify.js";

const hex = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");
const image = (text: string) => ({ sizeBytes: 5, md5: hex("md5", text), sha256: hex("sha256", text) });
const digest = async () => ({ md5: hex("md5", "image"), sha256: hex("sha256", "image") });
const sha256 = async () => hex("sha256", "image");
const unread = async () => expect.unreachable();

test.each([
  ["both digests", { digest }],
  ["SHA-256 alone, if the slots can compute it", { digest: unread, sha256 }],
])("a slot holds the image that has %s", async (_how, slots) => {
  expect(await slotHolds(slots as unknown as Slots, 1, image("image"))).toBe(true);
  expect(await slotHolds(slots as unknown as Slots, 1, image("other"))).toBe(false);
});

test("a slot with more or fewer bytes than the image does not hold it, whatever its first bytes are", async () => {
  const holding = (heldBytes: number | undefined) =>
    slotHolds({ digest, sha256, heldBytes: async () => heldBytes } as unknown as Slots, 1, image("image"));
  expect([await holding(6), await holding(4), await holding(5), await holding(undefined)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test("without a SHA-256 of the image, its MD5 is compared", async () => {
  const { sizeBytes, md5 } = image("image");
  const slots = { digest, sha256: unread } as unknown as Slots;
  expect(await slotHolds(slots, 1, { sizeBytes, md5 })).toBe(true);
  expect(await slotHolds(slots, 1, { sizeBytes, md5: hex("md5", "other") })).toBe(false);
});
