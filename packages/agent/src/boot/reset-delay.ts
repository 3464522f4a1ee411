/** A boot that lasted so long was a good one: the count of quick ones starts anew. */
export const QUICK_BOOT_MS = 10_000;
/** An update takes two, and one that goes back a third. */
const QUICK_BOOTS_FREE = 3;
const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;

/** Wait before the next boot after so many quick ones in a row: firmware that resets again and again must not spin. */
export function resetDelayMs(quickBoots: number): number {
  if (quickBoots <= QUICK_BOOTS_FREE) return 0;
  return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (quickBoots - QUICK_BOOTS_FREE - 1));
}
