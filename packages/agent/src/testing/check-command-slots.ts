import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { callCommand } from "../node/command-process.js";
import { type CommandSlotsOptions, commandSlots } from "../node/command-slots.js";
import { slotContract } from "./slot-contract.js";
import type { SlotsUnderTest } from "./slot-contract-steps.js";

/** Whether the executable keeps one rule of the contract. */
export interface RuleResult {
  rule: string;
  /** How it breaks the rule. */
  fault?: string;
}

/** Environment variable with the folder for scratch slots (docs/command-slots.md). */
const SCRATCH = "FOTA_SCRATCH";

/**
 * Runs the slot contract against an executable that implements docs/command-slots.md, on scratch slots: nothing else on
 * the device changes. Calls `onResult` after each rule.
 * @throws {FotaError} SLOT_ACCESS if the executable cannot be started, or does not tell that it uses the scratch folder
 */
export async function checkCommandSlots(
  options: CommandSlotsOptions,
  onResult: (result: RuleResult) => void = () => {},
): Promise<RuleResult[]> {
  const device = await makeScratchSlots(options);
  await device.dispose?.();
  const results: RuleResult[] = [];
  for (const { name, run } of slotContract("", () => makeScratchSlots(options))) {
    const rule = name.slice(": ".length);
    const fault = await run().then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    const result = fault === undefined ? { rule } : { rule, fault };
    results.push(result);
    onResult(result);
  }
  return results;
}

async function makeScratchSlots(options: CommandSlotsOptions): Promise<SlotsUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "fota-scratch-"));
  const scratch = { ...options, env: { ...options.env, [SCRATCH]: folder } };
  const command = { timeoutMs: 120_000, ...scratch };
  const dispose = async () => await rm(folder, { recursive: true });
  try {
    await checkScratch(await callCommand(command, "describe"), folder);
    let slots = await commandSlots(scratch);
    return {
      slots,
      async reboot() {
        await Promise.allSettled([0, 1].map((slot) => slots.close(slot)));
        await callCommand(command, "restart");
        slots = await commandSlots(scratch);
        return slots;
      },
      async dispose() {
        await Promise.allSettled([0, 1].map((slot) => slots.close(slot)));
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** An executable that ignores the variable would change the real slots. */
async function checkScratch(description: string, folder: string): Promise<void> {
  if (description.includes(JSON.stringify(folder))) return;
  throw new FotaError("SLOT_ACCESS", `describe does not print "scratch": "${folder}"`, {
    hint: `keep slots and boot record in the folder ${SCRATCH} if it is set, and print it as docs/command-slots.md says`,
  });
}
