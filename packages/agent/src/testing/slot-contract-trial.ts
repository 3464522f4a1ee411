import { assertEqual, assertRejects, bootSlots } from "./slot-contract-assertions.js";
import {
  attemptFreeSlot,
  bootUntilReverted,
  type ContractRule,
  fillFreeSlot,
  PATTERN_10000,
  pattern,
  TRIAL_BOOTS_MAX,
} from "./slot-contract-steps.js";

/** Rules about scheduling, confirming and reverting trials. */
export const TRIAL_RULES: readonly ContractRule[] = [
  [
    "attempt names the slot to boot next and changes nothing else, also when called twice",
    async ({ slots }) => {
      const before = await slots.record();
      const slot = await fillFreeSlot(slots);
      await slots.attempt(slot);
      await slots.attempt(slot);
      assertEqual(await slots.record(), { ...before, currentSlot: slot }, "record");
    },
  ],
  [
    "an attempted slot boots on trial",
    async (device) => {
      const { runningSlot } = await device.slots.record();
      const slot = await attemptFreeSlot(device.slots);
      const record = await (await device.reboot()).record();
      assertEqual(
        bootSlots(record),
        { running: slot, current: slot, working: runningSlot },
        "record on trial",
      );
    },
  ],
  [
    "a trial without accept is reverted",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attemptFreeSlot(device.slots);
      await device.reboot();
      const record = await (await bootUntilReverted(device, old)).record();
      assertEqual(bootSlots(record), { running: old, current: old, working: old }, "record after the trial");
    },
  ],
  [
    "on trial the running slot is the new one: it cannot be written",
    async (device) => {
      const slot = await attemptFreeSlot(device.slots);
      const slots = await device.reboot();
      await assertRejects(() => slots.erase(slot, 64), "erase", "SLOT_RUNNING");
      await assertRejects(() => slots.write(slot, 0, pattern(64)), "write", "SLOT_RUNNING");
      assertEqual(await slots.digest(slot, 10_000), PATTERN_10000, "digest of the image on trial");
    },
  ],
  [
    "an accepted image stays, also when accept is called twice",
    async (device) => {
      const slot = await attemptFreeSlot(device.slots);
      const onTrial = await device.reboot();
      await onTrial.accept();
      await onTrial.accept();
      const stays = { running: slot, current: slot, working: slot };
      assertEqual(bootSlots(await onTrial.record()), stays, "record after accept");
      let slots = await device.reboot();
      for (let boots = 0; boots < TRIAL_BOOTS_MAX; boots += 1) slots = await device.reboot();
      assertEqual(bootSlots(await slots.record()), stays, "record some boots later");
    },
  ],
  [
    "accept and revert without a trial change nothing",
    async (device) => {
      const before = await device.slots.record();
      await device.slots.accept();
      await device.slots.revert();
      assertEqual(await device.slots.record(), before, "record");
      assertEqual(await (await device.reboot()).record(), before, "record after a boot");
    },
  ],
  [
    "revert on trial boots the working slot next, also when called twice",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      const slot = await attemptFreeSlot(device.slots);
      const onTrial = await device.reboot();
      await onTrial.revert();
      await onTrial.revert();
      const { running, current } = bootSlots(await onTrial.record());
      assertEqual({ running, current }, { running: slot, current: old }, "record after revert");
      assertEqual(
        bootSlots(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "record after the boot",
      );
    },
  ],
  [
    "accept after revert is refused and changes nothing",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attemptFreeSlot(device.slots);
      const onTrial = await device.reboot();
      await onTrial.revert();
      const given = await onTrial.record();
      await assertRejects(() => onTrial.accept(), "accept after revert", "TRIAL_OVER");
      await assertRejects(() => onTrial.accept(), "a second accept after revert", "TRIAL_OVER");
      assertEqual(await onTrial.record(), given, "record after the refused accept");
      assertEqual(
        bootSlots(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "boot after the refused accept",
      );
    },
  ],
  [
    "a process that a reverted trial left running cannot confirm it",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attemptFreeSlot(device.slots);
      const leftRunning = await device.reboot();
      const slots = await bootUntilReverted(device, old);
      const before = await slots.record();
      await leftRunning.accept().catch(() => {}); // a port may have no such process
      assertEqual(await slots.record(), before, "record after the accept of a process left running");
      await leftRunning.revert().catch(() => {});
      assertEqual(await slots.record(), before, "record after the revert of a process left running");
      assertEqual(
        bootSlots(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "boot after the accept of a process left running",
      );
    },
  ],
  [
    "accept before the restart leaves the attempt as it is",
    async ({ slots }) => {
      const slot = await attemptFreeSlot(slots);
      const { runningSlot } = await slots.record();
      await slots.accept();
      assertEqual(
        bootSlots(await slots.record()),
        { running: runningSlot, current: slot, working: runningSlot },
        "record",
      );
    },
  ],
  [
    "revert before the restart cancels the attempt",
    async (device) => {
      const before = await device.slots.record();
      await attemptFreeSlot(device.slots);
      await device.slots.revert();
      assertEqual(await (await device.reboot()).record(), before, "record after the boot");
    },
  ],
];
