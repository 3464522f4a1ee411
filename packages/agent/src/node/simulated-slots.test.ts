import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSimulatedRecord } from "../boot/simulated-record.js";
import type { Buffers } from "../core/ports.js";
import { slotContract } from "../testing/index.js";
import { simulatedSlots } from "./simulated-slots.js";

const slotSizeBytes = 64 * 1024;
const restart = async () => {};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-simulated-slots-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

describe("contract", () => {
  const cases = slotContract("simulatedSlots", async () => {
    await writeFile(join(dir, "slot-0"), "the first image");
    const record = await openSimulatedRecord(dir, { lock: false });
    let slots = simulatedSlots({ dir, record, runningSlot: 0, slotSizeBytes, restart });
    const closeAll = async () => await Promise.all([slots.close(0), slots.close(1)]);
    return {
      slots,
      async reboot() {
        await closeAll();
        const { slot: runningSlot } = record.boot();
        slots = simulatedSlots({ dir, record, runningSlot, slotSizeBytes, restart });
        return slots;
      },
      async dispose() {
        await closeAll();
      },
    };
  });
  for (const { name, run } of cases) test(name, run);
});

async function slotsOf(buffers?: Buffers) {
  const record = await openSimulatedRecord(dir, { lock: false });
  return simulatedSlots({ dir, record, runningSlot: 0, slotSizeBytes, restart, ...(buffers && { buffers }) });
}

test("errors of the disk are SLOT_ACCESS: a slot that was not erased, a slot that is a folder", async () => {
  const slots = await slotsOf();
  await expect(slots.write(1, 0, new Uint8Array(4))).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  await mkdir(join(dir, "slot-1"));
  await expect(slots.digest(1, 4)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  await expect(slots.erase(1, 4)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
});

test("others run while a slot is hashed, and the buffer comes back", async () => {
  const free: Uint8Array[] = [];
  let taken = 0;
  const slots = await slotsOf({
    take: (sizeBytes) => {
      taken += 1;
      return free.pop() ?? new Uint8Array(sizeBytes);
    },
    giveBack: (buffer) => void free.push(buffer),
  });
  await writeFile(join(dir, "slot-1"), new Uint8Array(2 * 1024 * 1024));
  let turns = 0;
  const count = () => {
    turns += 1;
    if (free.length === 0) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all([slots.digest(1, 2 * 1024 * 1024), slots.sha256?.(1, 2 * 1024 * 1024)]);
  expect(turns).toBeGreaterThan(4);
  expect(taken).toBe(2);
  expect(free.length).toBe(2);
});
