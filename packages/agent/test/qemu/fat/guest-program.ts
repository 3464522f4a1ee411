// Runs in the Linux of `FatLinux`: the agent's adapters, on a partition with FAT that the kernel of Debian has mounted.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { grubLoader } from "../../../src/node/grub-slots.js";
import { trybootSlots } from "../../../src/node/tryboot-slots.js";
import { AUTOBOOT_FOLDER, BOOT_FOLDER, type GuestAnswer, type GuestRequest } from "./guest-request.js";

const SLOTS_FOLDER = "/root/slots";
const FIRMWARE_FOLDER = "/root/bootloader";
const PARTITIONS = [2, 3];

mkdirSync(FIRMWARE_FOLDER);
const paths = PARTITIONS.map((partition) => join(SLOTS_FOLDER, String(partition)));
for (const path of paths) writeFileSync(path, "an image");

async function carryOut(request: GuestRequest): Promise<unknown> {
  switch (request.do) {
    case "shell":
      return execFileSync("sh", ["-ec", request.script], { encoding: "latin1" });
    case "grub load":
      return await grubStore(request.runningSlot).load();
    case "grub save":
      return await grubStore(request.runningSlot).save(request.record);
    case "tryboot":
      return await callTryboot(request);
  }
}

function grubStore(runningSlot: number) {
  return grubLoader({ envFile: join(BOOT_FOLDER, "fota/fota.env"), runningSlot }).store;
}

/** `restart` returns whether the firmware gets its one-shot flag. */
async function callTryboot({
  runningSlot,
  method,
}: Extract<GuestRequest, { do: "tryboot" }>): Promise<unknown> {
  const booted = Buffer.alloc(4);
  booted.writeUInt32BE(PARTITIONS[runningSlot] ?? 0);
  writeFileSync(join(FIRMWARE_FOLDER, "partition"), booted);
  let flagged = false;
  const slots = trybootSlots({
    paths,
    slotSizeBytes: 1024,
    autobootFile: join(AUTOBOOT_FOLDER, "autoboot.txt"),
    bootloaderDir: FIRMWARE_FOLDER,
    async restart(tryboot) {
      flagged = tryboot;
    },
  });
  if (method === "attempt") return await slots.attempt(1 - runningSlot);
  if (method !== "restart") return await slots[method]();
  await slots.restart();
  return flagged;
}

function answer(message: GuestAnswer): void {
  process.stdout.write(`<<${JSON.stringify(message)}>>\n`);
}

answer({ result: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer({ result: await carryOut(JSON.parse(line)) });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    answer({ error: { ...(code !== undefined && { code }), message } });
  }
}
