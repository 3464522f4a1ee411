import { messageOf } from "@fota/shared";
import type { SlotDigests, Slots } from "./ports.js";
import type { Failure, UpdateTarget } from "./update-state.js";

/**
 * Reads the slot back and compares MD5 and, if given, SHA-256 with the target. Returns how they differ, or `undefined`
 * if they match. `readBack` are the digests if the slot was just read. Never throws.
 */
export async function verifyImage(
  slots: Slots,
  target: UpdateTarget,
  readBack?: SlotDigests,
): Promise<Failure | undefined> {
  try {
    const found = readBack ?? (await slots.digest(target.slot, target.sizeBytes));
    if (found.md5 !== target.md5) return mismatch("MD5", target.md5, found.md5);
    if (target.sha256 === undefined || found.sha256 === target.sha256) return undefined;
    return mismatch("SHA-256", target.sha256, found.sha256);
  } catch (error) {
    return { phase: "verifying", reason: "slot-failed", detail: messageOf(error) };
  }
}

/** What tells one image from another. */
export type ImageIdentity = Pick<UpdateTarget, "sizeBytes" | "md5" | "sha256">;

/** Tells whether `slot` holds the image, and nothing after it if the slot knows its end. */
export async function slotHolds(
  slots: Pick<Slots, "heldBytes" | "sha256" | "digest">,
  slot: number,
  target: ImageIdentity,
): Promise<boolean> {
  const { sizeBytes } = target;
  const heldBytes = (await slots.heldBytes?.(slot)) ?? sizeBytes;
  return heldBytes === sizeBytes && (await slotBeginsWith(slots, slot, target));
}

/**
 * Tells whether `slot` begins with the image: by the SHA-256 alone, where that is known and the slots can compute it.
 */
export async function slotBeginsWith(
  slots: Pick<Slots, "sha256" | "digest">,
  slot: number,
  target: ImageIdentity,
): Promise<boolean> {
  if (target.sha256 !== undefined && slots.sha256 !== undefined) {
    return (await slots.sha256(slot, target.sizeBytes)) === target.sha256;
  }
  return matchesTarget(await slots.digest(slot, target.sizeBytes), target);
}

/** Tells whether `found` are the digests of the image. */
export function matchesTarget(found: SlotDigests, target: Omit<ImageIdentity, "sizeBytes">): boolean {
  return found.md5 === target.md5 && (target.sha256 === undefined || found.sha256 === target.sha256);
}

function mismatch(digest: string, expected: string, actual: string): Failure {
  const detail = `the ${digest} of the slot is not the one in the job document`;
  return { phase: "verifying", reason: "digest-mismatch", detail, expected, actual };
}
