// Firmware for slot-power.e2e.test.ts, bundled to one file. In slot 0 it copies itself to slot 1 and schedules the trial,
// in slot 1 it confirms itself. KILL_AT names the moment at which it ends as after a power cut. KILL_LAUNCHER also kills
// the launcher.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeDevice } from "../src/node/device.js";

const dir = process.env["FOTA_DIR"] ?? "";
const { slots } = nodeDevice({ dir });

function cut(moment: string): void {
  const once = join(dir, "was-cut");
  if (process.env["KILL_AT"] !== moment || existsSync(once)) return;
  writeFileSync(once, "");
  if (process.env["KILL_LAUNCHER"]) process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}

async function main(): Promise<void> {
  const { runningSlot } = await slots.record();
  process.stdout.write(`slot ${runningSlot} pid ${process.pid} trial ${process.env["FOTA_TRIAL"]}\n`);
  if (runningSlot === 0) {
    const image = readFileSync(join(dir, "slot-0"));
    await slots.erase(1, image.length);
    cut("erased");
    await slots.write(1, 0, image.subarray(0, 1000));
    cut("half written");
    await slots.write(1, 1000, image.subarray(1000));
    await slots.sync(1);
    cut("written");
    await slots.attempt(1);
    cut("scheduled");
    await slots.restart();
  }
  cut("on trial");
  await slots.accept();
  cut("confirmed");
  process.stdout.write("done\n");
  setInterval(() => {}, 60_000);
}

void main();
