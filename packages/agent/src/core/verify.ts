import { messageOf } from "@fota/shared";
import type { SlotDigests, Slots } from "./ports.js";
import type { Failure, UpdateTarget } from "./update-state.js";

/**
 * Reads the slot back and holds it against the order: MD5 and, where given, SHA-256 over the ordered size. `undefined`
 * means that the image is the ordered one. `readBack`: the digests, where the slot was read back just now. Never throws.
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

/** Whether the first bytes of `slot` are the ordered image, wherever the order wants them. */
export async function slotHolds(slots: Slots, slot: number, target: UpdateTarget): Promise<boolean> {
  return matchesTarget(await slots.digest(slot, target.sizeBytes), target);
}

/** Whether these are the digests of the ordered image. */
export function matchesTarget(found: SlotDigests, target: UpdateTarget): boolean {
  return found.md5 === target.md5 && (target.sha256 === undefined || found.sha256 === target.sha256);
}

function mismatch(digest: string, expected: string, actual: string): Failure {
  const detail = `${digest} of the slot is not the ordered one`;
  return { phase: "verifying", reason: "digest-mismatch", detail, expected, actual };
}
