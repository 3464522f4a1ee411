// Firmware for trust-power.e2e.test.ts, bundled to one file. In slot 0 it installs the release in new.json and starts its
// trial. In slot 1 it confirms itself, tries the older release in old.json, and prints what it knows. KILL_AT names the
// moment at which the launcher and the firmware end as after a power cut, once.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import files from "node:fs/promises";
import { join } from "node:path";
import { Fota } from "../src/index.js";
import { nodeDevice } from "../src/node/index.js";

const dir = process.env["FOTA_DIR"] ?? "";
const slot = Number(process.env["FOTA_SLOT"]);
const read = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), "utf8"));

function cut(moment: string): void {
  const once = join(dir, "was-cut");
  if (process.env["KILL_AT"] !== moment || existsSync(once)) return;
  writeFileSync(once, "");
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}

const rename = files.rename;
files.rename = async (from, to) => {
  const isTrust = String(to).endsWith("fota-trust.json");
  if (isTrust) cut(`saving in slot ${slot}`);
  await rename(from, to);
  if (isTrust) cut(`saved in slot ${slot}`);
};

async function main(): Promise<void> {
  const { keys } = read("keys.json") as { keys: Record<string, string> };
  const device = nodeDevice({ dir, model: "pump", trust: { keys } });
  const { accept } = device.slots;
  device.slots.accept = async () => {
    await accept.call(device.slots);
    cut("slot confirmed");
  };
  const fota = new Fota(device, { allowLoopbackHttp: true });
  if (slot === 0) {
    const next = read("new.json");
    if (!(await fota.update(next))) throw new Error("the release was not installed");
    await fota.test(next);
    await fota.reset();
    return;
  }
  if ((await device.slots.record()).workingSlot !== slot) await fota.confirm();
  const isInstalled = await fota.update(read("old.json"));
  const { seq } = read("fota-trust.json") as { seq?: number };
  process.stdout.write(`done: number ${seq}, old release ${isInstalled ? "installed" : "refused"}\n`);
  setInterval(() => {}, 60_000);
}

void main();
