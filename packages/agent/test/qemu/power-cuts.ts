import { expect } from "vitest";
import type { Slots } from "../../src/core/ports.js";
import type { LoaderDevice } from "./loader-device.js";
import { cutsBetween, mixSectors } from "./torn-states.js";

/** Makes a change of the record, then calls `boot` with each state of the disk that a power cut can leave of it. */
export async function bootEachState(
  device: LoaderDevice,
  change: (slots: Slots) => Promise<void>,
  boot: () => Promise<void>,
): Promise<void> {
  const [before, after] = await device.asAgent(async (slots) => {
    const read = device.readRecord();
    await change(slots);
    return [read, device.readRecord()];
  });
  const states = device.board.tornWrites(before, after);
  expect(states.length).toBeGreaterThan(1);
  for (const sectors of states) {
    await device.cutPower();
    device.writeRecord(mixSectors(before, after, sectors));
    await boot();
  }
}

/** Cuts the power at each write of the next boot that changes the disk, and calls `boot` after each cut. */
export async function cutAtEachWrite(device: LoaderDevice, boot: () => Promise<void>): Promise<void> {
  await device.cutPower();
  const before = device.readDisk();
  await device.powerOn();
  const cuts = cutsBetween(device.disk.writes);
  expect(cuts.length).toBeGreaterThan(1);
  for (const cut of cuts) {
    await device.cutPower();
    device.writeDisk(before);
    await device.powerOnUntil(cut);
    await boot();
  }
}
