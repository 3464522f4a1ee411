import { describe, expect, test } from "vitest";
import type { Slots } from "../core/ports.js";
import { FakeFlash } from "./fake-flash.js";
import { imageOf } from "./fakes.js";
import { Power } from "./power.js";
import { slotContract } from "./slot-contract.js";
import type { SlotsUnderTest } from "./slot-contract-steps.js";

async function makeSlots(): Promise<SlotsUnderTest> {
  const flash = new FakeFlash(imageOf(1, 5000));
  flash.boot();
  return {
    slots: flash.slots(new Power()),
    reboot: async () => {
      flash.boot();
      return flash.slots(new Power());
    },
  };
}

describe("the fake slots keep the contract", () => {
  for (const { name, run } of slotContract("fake slots", makeSlots)) test(name, run);
});

describe("the contract notices", () => {
  const breaks: [what: string, title: string, broken: (slots: Slots) => Slots][] = [
    ["a running slot that can be erased", "never erased", (slots) => ({ ...slots, erase: async () => {} })],
    ["an attempt that does nothing", "names the slot", (slots) => ({ ...slots, attempt: async () => {} })],
    ["an erase past the last slot", "does not exist", (slots) => ({ ...slots, erase: async () => {} })],
    [
      "an accept after revert that succeeds",
      "accept after revert",
      (slots) => ({ ...slots, accept: async () => {} }),
    ],
    [
      "an accept by a process left running",
      "left running cannot confirm",
      (slots) => ({ ...slots, accept: () => slots.attempt(1) }),
    ],
    [
      "a write that keeps a cursor",
      "no cursor",
      (slots) => {
        let at = 0;
        const write: Slots["write"] = async (slot, _offset, bytes) => {
          await slots.write(slot, at, bytes);
          at += bytes.length;
        };
        return { ...slots, write };
      },
    ],
  ];
  test.each(breaks)("%s", async (_what, title, broken) => {
    const cases = slotContract("broken", async () => {
      const device = await makeSlots();
      return {
        slots: broken(device.slots),
        reboot: async () => broken(await device.reboot()),
      };
    });
    const one = cases.find(({ name }) => name.includes(title));
    await expect(one?.run()).rejects.toThrow(/./);
  });
});
