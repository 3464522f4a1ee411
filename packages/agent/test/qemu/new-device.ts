import { afterEach, beforeEach, expect } from "vitest";
import { type BootedSlot, type LoaderBoard, LoaderDevice, type SlotView } from "./loader-device.js";

declare module "vitest" {
  interface TaskMeta {
    /** The boot loader of a test, and its version. */
    bootLoader?: string;
    /** Payloads that it booted. */
    boots?: number;
    powerCuts?: number;
  }
}

/** The image "first" runs from slot 0, and nothing is on trial. */
export const OLD: SlotView = { runningSlot: 0, currentSlot: 0, workingSlot: 0 };
/** The image in slot 1 runs on trial. */
export const TRIAL: SlotView = { runningSlot: 1, currentSlot: 1, workingSlot: 0 };
/** The image in slot 1 is confirmed. */
export const CONFIRMED: SlotView = { runningSlot: 1, currentSlot: 1, workingSlot: 1 };

/** Gives each test of this suite a new device of a board; returns a function that returns it. */
export function useNewDevice(boardOf: () => LoaderBoard): () => LoaderDevice {
  let device: LoaderDevice | undefined;
  beforeEach(async () => {
    device = await LoaderDevice.make(boardOf());
  });
  afterEach(async ({ task }) => {
    task.meta.bootLoader = boardOf().name;
    task.meta.boots = device?.boots ?? 0;
    task.meta.powerCuts = device?.cuts ?? 0;
    await device?.dispose();
  });
  return () => {
    if (device === undefined) throw new Error("there is a device only in a test");
    return device;
  };
}

/** Checks that the boot loader booted this image, and that the agent sees the same. */
export async function expectBoot(
  device: LoaderDevice,
  booted: BootedSlot,
  label: string,
  view: SlotView,
): Promise<void> {
  expect(booted).toMatchObject({ label, slot: view.runningSlot });
  expect(await device.view()).toEqual(view);
}

/** Brings a new device to a trial of "second" in slot 1. */
export async function startTrial(device: LoaderDevice): Promise<void> {
  await device.powerOn();
  await device.install(1, "second");
  await expectBoot(device, await device.reset(), "second", TRIAL);
}
