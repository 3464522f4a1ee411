/** Boots that last less than this count as quick. A longer one resets the count. */
export const QUICK_BOOT_MS = 10_000;
/** Quick boots in a row without a delay: an update takes two, a revert takes a third. */
const QUICK_BOOTS_FREE = 3;
const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;

/**
 * Returns the delay before the next boot, in milliseconds, after `quickBoots` quick boots in a row. Doubles each time,
 * so that firmware that resets in a loop does not load the device.
 */
export function resetDelayMs(quickBoots: number): number {
  if (quickBoots <= QUICK_BOOTS_FREE) return 0;
  return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (quickBoots - QUICK_BOOTS_FREE - 1));
}
