import type { SlotsUnderTest } from "./slot-contract-steps.js";
import { STORAGE_RULES } from "./slot-contract-storage.js";
import { TRIAL_RULES } from "./slot-contract-trial.js";

export interface ContractCase {
  name: string;
  /** Rejects with the reason if the port breaks the contract. */
  run(): Promise<void>;
}

/**
 * Returns the contract of `Slots` as cases for any test runner: `for (const c of slotContract("my slots", makeSlots))
 * test(c.name, c.run)`. Calls `makeSlots` once for each case.
 */
export function slotContract(name: string, makeSlots: () => Promise<SlotsUnderTest>): ContractCase[] {
  return [...STORAGE_RULES, ...TRIAL_RULES].map(([title, check]) => ({
    name: `${name}: ${title}`,
    run: async () => {
      const device = await makeSlots();
      try {
        await check(device);
      } finally {
        await device.dispose?.();
      }
    },
  }));
}
