import { expect } from "vitest";
import type { Slots } from "../../src/core/ports.js";
import type { LoaderDevice } from "./loader-device.js";
import { afterWrites, cutsBetween, mixSectors } from "./torn-states.js";

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
  const states = device.board.tornWrites?.(before, after) ?? [];
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

/** Power cuts in the writes of one change. */
const CUTS_MAX = 4;

/**
 * Makes a change of a device that is on, whose writes the disk sees. Then calls `boot` with the disk as a power cut leaves
 * it after none of them, some, and all.
 */
export async function cutInWrites(
  device: LoaderDevice,
  change: () => Promise<unknown>,
  boot: () => Promise<void>,
): Promise<void> {
  const [before, count] = [device.readDisk(), device.disk.writes.length];
  await change();
  const changes = device.disk.writes.slice(count).filter(({ isChange }) => isChange);
  expect(changes.length).toBeGreaterThan(0);
  const steps = Math.min(CUTS_MAX - 1, changes.length);
  for (let step = 0; step <= steps; step += 1) {
    await device.cutPower();
    device.writeDisk(afterWrites(before, changes, Math.round((step / steps) * changes.length)));
    await boot();
  }
}
